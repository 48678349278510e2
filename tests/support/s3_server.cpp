#include "support/s3_server.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "support/signature_check.h"

namespace ferrum::test {
namespace {

constexpr const char* kHead = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

std::string escape(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else {
      out += c;
    }
  }
  return out;
}

// As encoding-type=url answers.
std::string url_encode(const std::string& key) {
  std::string out;
  for (const unsigned char c : key) {
    const char* digits = "0123456789ABCDEF";
    if (std::isalnum(c) || std::strchr("-_.*/", c)) {
      out += static_cast<char>(c);
    } else if (c == ' ') {
      out += '+';
    } else {
      out += {'%', digits[c / 16], digits[c % 16]};
    }
  }
  return out;
}

std::string value_of(const std::multimap<std::string, std::string>& query, const char* name) {
  const auto it = query.find(name);
  return it == query.end() ? "" : it->second;
}

std::multimap<std::string, std::string> parse_query(std::string_view query) {
  std::multimap<std::string, std::string> pairs;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    const size_t equals = std::min(pair.find('='), pair.size());
    pairs.emplace(percent_decode(pair.substr(0, equals)),
                  percent_decode(pair.substr(std::min(equals + 1, pair.size()))));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
  }
  return pairs;
}

std::string http_date(std::time_t time) {
  char text[40];
  std::tm utc{};
  std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&time, &utc));
  return text;
}

}  // namespace

ServerReply s3_refusal(int status, const std::string& code, const std::string& more) {
  ServerReply reply;
  reply.status = status;
  reply.headers = {{"Content-Type", "application/xml"}};
  reply.body = std::string(kHead) + "<Error><Code>" + code + "</Code><Message>about " + code +
               "</Message>" + more + "</Error>";
  return reply;
}

S3Server::S3Server(Options options)
    : options_(std::move(options)),
      http_([this](const ServerRequest& request) { return answer(request); },
            HttpServer::Options{.bytes_per_second = options_.bytes_per_second,
                                .certificate = {},
                                .private_key = {}}) {}

void S3Server::put(const std::string& bucket, const std::string& key, S3Object object) {
  const std::lock_guard lock(mutex_);
  buckets_[bucket][key] = std::move(object);
}

void S3Server::put(const std::string& bucket, const std::string& key, const std::string& bytes) {
  S3Object object{.file = ServedFile::of(bytes), .checksums = {}};
  object.file.etag = "\"" + std::to_string(std::hash<std::string>()(bytes)) + "-1\"";
  put(bucket, key, std::move(object));
}

void S3Server::set_fault(Fault fault) {
  const std::lock_guard lock(mutex_);
  fault_ = std::move(fault);
}

void S3Server::set_clock_ahead(std::chrono::seconds ahead) {
  const std::lock_guard lock(mutex_);
  ahead_ = ahead;
}

void S3Server::set_keys(Keys keys) {
  const std::lock_guard lock(mutex_);
  options_.keys = std::move(keys);
}

ServerReply S3Server::answer(const ServerRequest& request) {
  const std::lock_guard lock(mutex_);
  ServerReply reply;
  if (auto fault = fault_ ? fault_(request) : std::nullopt) {
    reply = std::move(*fault);
  } else {
    Target target{.bucket = {}, .key = {}, .query = parse_query(request.query())};
    std::string path = percent_decode(request.path()).substr(1);
    // "bucket.localhost:port", or the bucket as the first part of the path.
    const std::string host = request.header("host") ? *request.header("host") : "";
    const size_t label = host.find(".localhost");
    if (label != host.npos) path = host.substr(0, label) + "/" + path;
    const size_t slash = std::min(path.find('/'), path.size());
    target.bucket = path.substr(0, slash);
    target.key = path.substr(std::min(slash + 1, path.size()));
    if (auto refusal = refuse(request, target)) {
      reply = std::move(*refusal);
    } else {
      reply = target.key.empty() ? list(target) : get(request, target);
    }
  }
  if (request.method == "HEAD" && reply.status >= 300) reply.body.clear();
  reply.headers.emplace_back("Date", http_date(std::time(nullptr) + ahead_.count()));
  return reply;
}

std::optional<ServerReply> S3Server::refuse(const ServerRequest& request,
                                            const Target& target) const {
  const std::string* authorization = request.header("authorization");
  if (!authorization) {
    if (options_.public_buckets.count(target.bucket)) return std::nullopt;
    return s3_refusal(403, "AccessDenied");
  }
  const SignatureParts parts = parse_authorization(*authorization);
  if (parts.key_id != options_.keys.id) return s3_refusal(403, "InvalidAccessKeyId");
  if (auto refusal = refuse_scope(request, parts.date, parts.region)) return refusal;
  if (parts.service != "s3") return s3_refusal(400, "AuthorizationHeaderMalformed");
  const std::string code = check_signature(request, parts, options_.keys.secret);
  if (!code.empty()) {
    // S3 shows what it computed, and with it the token that it was sent.
    const std::string* token = request.header("x-amz-security-token");
    return s3_refusal(403, code, "<CanonicalRequest>" + (token ? *token : "") +
                                     "</CanonicalRequest>");
  }
  const std::string* token = request.header("x-amz-security-token");
  if ((token ? *token : "") != options_.keys.token) {
    return s3_refusal(400, "ExpiredToken", token ? "<Token-0>" + *token + "</Token-0>" : "");
  }
  return std::nullopt;
}

std::optional<ServerReply> S3Server::refuse_scope(const ServerRequest& request,
                                                  const std::string& date,
                                                  const std::string& region) const {
  const std::string* time = request.header("x-amz-date");
  std::tm utc{};
  if (!time || !strptime(time->c_str(), "%Y%m%dT%H%M%SZ", &utc)) {
    return s3_refusal(403, "AccessDenied");
  }
  if (std::abs(timegm(&utc) - std::time(nullptr) - ahead_.count()) > 15 * 60) {
    return s3_refusal(403, "RequestTimeTooSkewed");
  }
  if (time->substr(0, 8) != date) return s3_refusal(400, "AuthorizationHeaderMalformed");
  if (region == options_.region) return std::nullopt;
  if (options_.wrong_region_status == 400) {
    return s3_refusal(400, "AuthorizationHeaderMalformed",
                      "<Region>" + options_.region + "</Region>");
  }
  ServerReply reply = s3_refusal(options_.wrong_region_status, "PermanentRedirect");
  reply.headers.emplace_back("x-amz-bucket-region", options_.region);
  return reply;
}

ServerReply S3Server::list(const Target& target) const {
  const auto bucket = buckets_.find(target.bucket);
  if (bucket == buckets_.end()) return s3_refusal(404, "NoSuchBucket");
  if (!options_.lists) return s3_refusal(403, "AccessDenied");
  if (value_of(target.query, "list-type") != "2") return s3_refusal(400, "InvalidArgument");
  const std::string prefix = value_of(target.query, "prefix");
  const std::string delimiter = value_of(target.query, "delimiter");
  const bool encodes = value_of(target.query, "encoding-type") == "url";
  const std::string token = value_of(target.query, "continuation-token");
  const std::string after = token.empty() ? "" : token.substr(2, token.size() - 4);  // "1/...=="
  std::string contents;
  std::set<std::string> folders;
  std::string last;
  size_t count = 0;
  bool is_truncated = false;
  for (const auto& [key, object] : bucket->second) {
    if (!key.starts_with(prefix) || (!after.empty() && key <= after)) continue;
    const size_t end = delimiter.empty() ? key.npos : key.find(delimiter, prefix.size());
    if (end != key.npos) {
      folders.insert(key.substr(0, end + 1));
      continue;
    }
    if (count == options_.page_size) {
      is_truncated = true;
      break;
    }
    ++count;
    last = key;
    contents += "<Contents><Key>" + (encodes ? url_encode(key) : escape(key)) + "</Key><ETag>" +
                escape(object.file.etag) + "</ETag><Size>" +
                std::to_string(object.file.content.size) + "</Size></Contents>";
  }
  for (const std::string& folder : folders) {
    contents += "<CommonPrefixes><Prefix>" + (encodes ? url_encode(folder) : escape(folder)) +
                "</Prefix></CommonPrefixes>";
  }
  ServerReply reply;
  reply.body = std::string(kHead) +
               "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">" +
               (encodes ? "<EncodingType>url</EncodingType>" : "") + "<IsTruncated>" +
               (is_truncated ? "true" : "false") + "</IsTruncated>" +
               (is_truncated ? "<NextContinuationToken>1/" + escape(last) +
                                   "==</NextContinuationToken>"
                             : "") +
               contents + "</ListBucketResult>";
  return reply;
}

ServerReply S3Server::get(const ServerRequest& request, const Target& target) const {
  const auto bucket = buckets_.find(target.bucket);
  if (bucket == buckets_.end()) return s3_refusal(404, "NoSuchBucket");
  const auto object = bucket->second.find(target.key);
  if (object == bucket->second.end()) {
    return options_.lists ? s3_refusal(404, "NoSuchKey") : s3_refusal(403, "AccessDenied");
  }
  ServerReply reply = serve_file(request, object->second.file);
  const std::string* mode = request.header("x-amz-checksum-mode");
  if (mode && *mode == "ENABLED" && reply.status < 300) {
    for (const auto& checksum : object->second.checksums) reply.headers.push_back(checksum);
  }
  return reply;
}

}  // namespace ferrum::test
