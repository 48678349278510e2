#include "weights/sources/s3/s3_xml.h"

#include <charconv>
#include <cstring>
#include <pugixml.hpp>

#include "ferrum/types/error.h"

namespace ferrum {
namespace {

constexpr size_t kMaxMessageBytes = 300;

[[noreturn]] void fail(const std::string& why) {
  throw Error(ErrorCode::kInvalidFormat, "the server's XML " + why,
              "is the endpoint one of S3? a proxy or a login page may answer in its place");
}

// The root element, which must be called `name`. `document` keeps it.
pugi::xml_node parse_root(pugi::xml_document& document, std::string_view xml, const char* name) {
  if (xml.size() > static_cast<size_t>(kMaxS3XmlBytes)) fail("is too large");
  // Nothing declares entities where there is no DOCTYPE, which is parsed only to be refused.
  const auto result = document.load_buffer(xml.data(), xml.size(),
                                           pugi::parse_default | pugi::parse_doctype,
                                           pugi::encoding_utf8);
  if (!result) fail("is malformed at byte " + std::to_string(result.offset));
  pugi::xml_node root;
  for (const pugi::xml_node node : document.children()) {
    if (node.type() == pugi::node_doctype) fail("has a DOCTYPE");
    if (node.type() != pugi::node_element) continue;
    if (root) fail("has two roots");
    root = node;
  }
  if (std::strcmp(root.name(), name) != 0) fail("has no root <" + std::string(name) + ">");
  return root;
}

int64_t parse_size(const char* text) {
  int64_t size = -1;
  const char* end = text + std::strlen(text);
  const auto [rest, error] = std::from_chars(text, end, size);
  if (error != std::errc() || rest != end || size < 0) fail("has a size that is no number");
  return size;
}

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// encoding-type=url: %XX, and '+' for a space.
std::string decode_key(std::string_view encoded) {
  std::string key;
  key.reserve(encoded.size());
  for (size_t i = 0; i < encoded.size(); ++i) {
    if (encoded[i] != '%') {
      key += encoded[i] == '+' ? ' ' : encoded[i];
      continue;
    }
    const int high = i + 2 < encoded.size() ? digit_of(encoded[i + 1]) : -1;
    const int low = high >= 0 ? digit_of(encoded[i + 2]) : -1;
    if (low < 0) fail("has a key with a wrong escape");
    key += static_cast<char>(high << 4 | low);
    i += 2;
  }
  return key;
}

std::string unquote(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
  }
  return std::string(text);
}

// What may be shown: no control characters, no end of a character without its beginning.
std::string to_message(std::string_view text) {
  std::string shown(text.substr(0, kMaxMessageBytes));
  for (char& c : shown) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f) c = '?';
  }
  return shown;
}

}  // namespace

S3Listing parse_s3_listing(std::string_view xml) {
  pugi::xml_document document;
  const pugi::xml_node root = parse_root(document, xml, "ListBucketResult");
  const bool is_encoded = std::strcmp(root.child_value("EncodingType"), "url") == 0;
  S3Listing listing;
  for (const pugi::xml_node node : root.children("Contents")) {
    const std::string_view key = node.child_value("Key");
    if (key.empty()) fail("has an object without a key");
    listing.objects.push_back({.key = is_encoded ? decode_key(key) : std::string(key),
                               .size = parse_size(node.child_value("Size")),
                               .etag = unquote(node.child_value("ETag"))});
  }
  if (std::strcmp(root.child_value("IsTruncated"), "true") == 0) {
    listing.next_token = root.child_value("NextContinuationToken");
    if (listing.next_token.empty()) fail("says that there is more, but not where");
  }
  return listing;
}

std::optional<S3ErrorBody> find_s3_error(std::string_view xml) try {
  pugi::xml_document document;
  const pugi::xml_node root = parse_root(document, xml, "Error");
  return S3ErrorBody{.code = to_message(root.child_value("Code")),
                     .message = to_message(root.child_value("Message")),
                     .region = to_message(root.child_value("Region"))};
} catch (const Error&) {
  return std::nullopt;
}

AwsCredentials parse_sts_credentials(std::string_view xml) {
  pugi::xml_document document;
  const pugi::xml_node node = parse_root(document, xml, "AssumeRoleWithWebIdentityResponse")
                                  .child("AssumeRoleWithWebIdentityResult")
                                  .child("Credentials");
  AwsCredentials credentials{.access_key_id = node.child_value("AccessKeyId"),
                             .secret_access_key = node.child_value("SecretAccessKey"),
                             .session_token = node.child_value("SessionToken"),
                             .expires = {}};
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty() ||
      credentials.session_token.empty()) {
    fail("lacks credentials");
  }
  credentials.expires = parse_aws_time(node.child_value("Expiration"));
  return credentials;
}

}  // namespace ferrum
