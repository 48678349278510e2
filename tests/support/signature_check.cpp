#include "support/signature_check.h"

#include <openssl/sha.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <sstream>
#include <vector>

namespace ferrum::test {
namespace {

std::string sha256(const std::string& bytes) {
  unsigned char hash[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), hash);
  return std::string(hash, hash + sizeof hash);
}

// RFC 2104.
std::string hmac(std::string key, const std::string& text) {
  if (key.size() > SHA256_CBLOCK) key = sha256(key);
  key.resize(SHA256_CBLOCK, '\0');
  std::string inner = key;
  std::string outer = key;
  for (char& c : inner) c = static_cast<char>(c ^ 0x36);
  for (char& c : outer) c = static_cast<char>(c ^ 0x5c);
  return sha256(outer + sha256(inner + text));
}

std::string hex(const std::string& bytes) {
  std::ostringstream out;
  for (const unsigned char c : bytes) out << std::hex << (c >> 4) << (c & 15);
  return out.str();
}

std::string uri_encode(const std::string& text, bool is_path) {
  std::string out;
  for (const unsigned char c : text) {
    if (std::isalnum(c) || c == '-' || c == '.' || c == '_' || c == '~' || (is_path && c == '/')) {
      out += static_cast<char>(c);
    } else {
      const char* digits = "0123456789ABCDEF";
      out += {'%', digits[c / 16], digits[c % 16]};
    }
  }
  return out;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  std::istringstream in{std::string(text)};
  for (std::string part; std::getline(in, part, separator);) parts.push_back(part);
  return parts;
}

// Each pair decoded, encoded anew and sorted.
std::string canonical_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const std::string& pair : split(query, '&')) {
    const size_t equals = std::min(pair.find('='), pair.size());
    const std::string value = equals < pair.size() ? pair.substr(equals + 1) : "";
    pairs.emplace_back(uri_encode(percent_decode(pair.substr(0, equals)), false),
                       uri_encode(percent_decode(value), false));
  }
  std::sort(pairs.begin(), pairs.end());
  std::string out;
  for (const auto& [name, value] : pairs) {
    if (!out.empty()) out += '&';
    out += name + '=' + value;
  }
  return out;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// All values of a header, each without outer space and with single spaces inside.
std::string canonical_value(const ServerRequest& request, const std::string& name) {
  std::string all;
  for (const auto& [found, value] : request.headers) {
    if (lower(found) != name) continue;
    std::istringstream words(value);
    std::string joined;
    for (std::string word; words >> word;) joined += (joined.empty() ? "" : " ") + word;
    all += (all.empty() ? "" : ",") + joined;
  }
  return all;
}

bool signs_what_it_must(const ServerRequest& request, const std::vector<std::string>& names) {
  if (!std::is_sorted(names.begin(), names.end())) return false;
  const auto is_signed = [&](const std::string& name) {
    return std::count(names.begin(), names.end(), name) == 1;
  };
  if (!is_signed("host")) return false;
  for (const auto& [name, value] : request.headers) {
    if (lower(name).starts_with("x-amz-") && !is_signed(lower(name))) return false;
  }
  return true;
}

}  // namespace

std::string percent_decode(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && std::isxdigit(text[i + 1]) &&
        std::isxdigit(text[i + 2])) {
      const std::string digits(text.substr(i + 1, 2));
      out += static_cast<char>(std::strtol(digits.c_str(), nullptr, 16));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

SignatureParts parse_authorization(std::string_view header) {
  constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256 ";
  if (!header.starts_with(kAlgorithm)) return {};
  SignatureParts parts;
  for (std::string field : split(header.substr(kAlgorithm.size()), ',')) {
    field.erase(0, field.find_first_not_of(' '));
    const size_t equals = std::min(field.find('='), field.size() - 1);
    const std::string value = field.substr(equals + 1);
    if (field.starts_with("SignedHeaders=")) parts.signed_headers = value;
    if (field.starts_with("Signature=")) parts.signature = value;
    if (!field.starts_with("Credential=")) continue;
    const auto scope = split(value, '/');
    if (scope.size() != 5 || scope[4] != "aws4_request") return {};
    parts.key_id = scope[0];
    parts.date = scope[1];
    parts.region = scope[2];
    parts.service = scope[3];
  }
  return parts;
}

std::string check_signature(const ServerRequest& request, const SignatureParts& parts,
                            const std::string& secret) {
  const std::string* body_hash = request.header("x-amz-content-sha256");
  if (!body_hash) return "MissingSecurityHeader";
  if (*body_hash != hex(sha256(request.body))) return "XAmzContentSHA256Mismatch";
  const auto names = split(parts.signed_headers, ';');
  if (!signs_what_it_must(request, names)) return "AccessDenied";

  std::string canonical = request.method + "\n" +
                          uri_encode(percent_decode(request.path()), true) + "\n" +
                          canonical_query(request.query()) + "\n";
  for (const std::string& name : names) {
    canonical += name + ":" + canonical_value(request, name) + "\n";
  }
  canonical += "\n" + parts.signed_headers + "\n" + *body_hash;

  const std::string scope =
      parts.date + "/" + parts.region + "/" + parts.service + "/aws4_request";
  const std::string text = "AWS4-HMAC-SHA256\n" + canonical_value(request, "x-amz-date") + "\n" +
                           scope + "\n" + hex(sha256(canonical));
  const std::string key = hmac(
      hmac(hmac(hmac("AWS4" + secret, parts.date), parts.region), parts.service), "aws4_request");
  return hex(hmac(key, text)) == parts.signature ? "" : "SignatureDoesNotMatch";
}

}  // namespace ferrum::test
