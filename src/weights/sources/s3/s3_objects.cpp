#include "weights/sources/s3/s3_objects.h"

#include <array>
#include <set>
#include <utility>

#include "ferrum/types/error.h"

namespace ferrum {
namespace {

constexpr size_t kMaxListed = 10'000;

// The strongest first.
constexpr std::array kAlgorithms{"sha256", "crc64nvme", "crc32c", "crc32"};

// That of the whole object. One that was uploaded in parts, which its ETag tells ("...-12"), may
// have one of its parts' checksums instead, and not every server says which it is.
std::optional<S3Checksum> find_checksum(const HttpHeaders& headers, const std::string& etag) {
  const std::string* type = headers.find("x-amz-checksum-type");
  const bool has_parts = etag.find('-') != etag.npos;
  if (type ? *type != "FULL_OBJECT" : has_parts) return std::nullopt;
  for (const char* algorithm : kAlgorithms) {
    const std::string* value = headers.find(std::string("x-amz-checksum-") + algorithm);
    if (value && value->find('-') == value->npos) return S3Checksum{algorithm, *value};
  }
  return std::nullopt;
}

}  // namespace

S3ObjectState head_object(S3Bucket& bucket, const std::string& key) {
  const HttpResponse response =
      bucket.send("HEAD", key, {}, {{"x-amz-checksum-mode", "ENABLED"}});
  const std::string* length = response.headers.find("Content-Length");
  const std::string* etag = response.headers.find("ETag");
  const auto size = length ? parse_decimal(*length) : std::nullopt;
  if (!size || !etag || etag->empty()) {
    throw Error(ErrorCode::kIo, "s3://" + bucket.name() + "/" + key +
                                    ": the server names no " + (size ? "ETag" : "length"));
  }
  return {.size = *size, .etag = *etag, .checksum = find_checksum(response.headers, *etag)};
}

std::vector<S3Object> list_folder(S3Bucket& bucket, const std::string& prefix) {
  std::vector<S3Object> objects;
  QueryParameters query = {{"list-type", "2"},
                           {"prefix", prefix},
                           {"delimiter", "/"},
                           {"encoding-type", "url"}};
  std::set<std::string> tokens;  // a server that gives one again would never end
  for (std::string token;;) {
    QueryParameters of_page = query;
    if (!token.empty()) of_page.emplace_back("continuation-token", token);
    S3Listing page =
        parse_s3_listing(bucket.send("GET", "", of_page, {}, kMaxS3XmlBytes).body);
    for (S3Object& object : page.objects) {
      const bool is_below = object.key.starts_with(prefix);
      if (is_below && object.key.size() > prefix.size()) objects.push_back(std::move(object));
    }
    if (objects.size() > kMaxListed) {
      throw Error(ErrorCode::kInvalidArgument,
                  "s3://" + bucket.name() + "/" + prefix + " has more than " +
                      std::to_string(kMaxListed) + " objects",
                  "name the folder of one model");
    }
    if (page.next_token.empty()) return objects;
    token = std::move(page.next_token);
    if (!tokens.insert(token).second) {
      throw Error(ErrorCode::kIo, "s3://" + bucket.name() + "/" + prefix +
                                      ": the server lists the same page again and again");
    }
  }
}

std::string read_object(S3Bucket& bucket, const std::string& key, int64_t max_bytes) {
  return bucket.send("GET", key, {}, {}, max_bytes).body;
}

}  // namespace ferrum
