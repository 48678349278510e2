#include "weights/sources/s3/aws_signature.h"

#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <map>

#include "ferrum/types/error.h"
#include "weights/downloads/digest.h"
#include "weights/http/url.h"

namespace ferrum {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr size_t kSha256Bytes = 32;

std::string to_hex(const unsigned char* bytes, size_t count) {
  std::string hex;
  hex.reserve(2 * count);
  for (size_t i = 0; i < count; ++i) {
    hex += "0123456789abcdef"[bytes[i] >> 4];
    hex += "0123456789abcdef"[bytes[i] & 15];
  }
  return hex;
}

std::string hmac_sha256(std::string_view key, std::string_view text) {
  std::array<unsigned char, kSha256Bytes> mac;
  if (!HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
            reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(),
            nullptr)) {
    throw Error(ErrorCode::kInternal, "OpenSSL refuses HMAC-SHA256");
  }
  return std::string(reinterpret_cast<const char*>(mac.data()), mac.size());
}

std::string to_lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

// Without space at the ends, and with single spaces inside.
std::string trim_value(std::string_view value) {
  std::string trimmed;
  for (const char c : value) {
    if (c != ' ' || (!trimmed.empty() && trimmed.back() != ' ')) trimmed += c;
  }
  if (trimmed.ends_with(' ')) trimmed.pop_back();
  return trimmed;
}

// By lower-case name; the values of equal names in their order, between commas.
std::map<std::string, std::string> canonical_headers(const HttpHeaders& headers) {
  std::map<std::string, std::string> canonical;
  for (const auto& [name, value] : headers.fields()) {
    const auto [it, is_new] = canonical.emplace(to_lower(name), trim_value(value));
    if (!is_new) it->second += "," + trim_value(value);
  }
  return canonical;
}

std::string signed_names(const std::map<std::string, std::string>& headers) {
  std::string names;
  for (const auto& [name, value] : headers) names += (names.empty() ? "" : ";") + name;
  return names;
}

std::string scope_text(const AwsScope& scope, std::string_view date) {
  return std::string(date) + "/" + scope.region + "/" + scope.service + "/aws4_request";
}

}  // namespace

std::string encode_aws_path(std::string_view path) { return percent_encode(path, "/"); }

std::string encode_aws_query(const QueryParameters& parameters) {
  QueryParameters encoded;
  for (const auto& [name, value] : parameters) {
    encoded.emplace_back(percent_encode(name), percent_encode(value));
  }
  std::sort(encoded.begin(), encoded.end());
  std::string query;
  for (const auto& [name, value] : encoded) {
    query += (query.empty() ? "" : "&") + name + "=" + value;
  }
  return query;
}

std::string canonical_request(const AwsRequest& request) {
  const auto headers = canonical_headers(request.headers);
  std::string text = request.method + "\n" + request.path + "\n" + request.query + "\n";
  for (const auto& [name, value] : headers) text += name + ":" + value + "\n";
  return text + "\n" + signed_names(headers) + "\n" + request.payload_sha256;
}

std::string aws_authorization(const AwsRequest& request, const AwsScope& scope,
                              const AwsCredentials& credentials) {
  const auto headers = canonical_headers(request.headers);
  const std::string& timestamp = headers.at("x-amz-date");
  const std::string date = timestamp.substr(0, 8);
  const std::string to_sign = std::string(kAlgorithm) + "\n" + timestamp + "\n" +
                              scope_text(scope, date) + "\n" +
                              sha256_hex(canonical_request(request));
  std::string key = "AWS4" + credentials.secret_access_key;
  for (const std::string& part : {date, scope.region, scope.service, std::string("aws4_request")}) {
    key = hmac_sha256(key, part);
  }
  const std::string signature = hmac_sha256(key, to_sign);
  return std::string(kAlgorithm) + " Credential=" + credentials.access_key_id + "/" +
         scope_text(scope, date) + ", SignedHeaders=" + signed_names(headers) + ", Signature=" +
         to_hex(reinterpret_cast<const unsigned char*>(signature.data()), signature.size());
}

void sign_aws_request(AwsRequest& request, const AwsScope& scope,
                      const AwsCredentials& credentials, SystemTime time) {
  request.headers.add("x-amz-date", aws_timestamp(time));
  if (scope.service == "s3") {
    request.headers.add("x-amz-content-sha256", request.payload_sha256);
  }
  if (!credentials.session_token.empty()) {
    request.headers.add("x-amz-security-token", credentials.session_token);
  }
  request.headers.add("authorization", aws_authorization(request, scope, credentials));
}

}  // namespace ferrum
