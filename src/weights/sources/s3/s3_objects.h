#pragma once
// What is asked of a bucket: one object's state or text, the objects of a folder.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "weights/sources/s3/s3_bucket.h"
#include "weights/sources/s3/s3_checksum.h"
#include "weights/sources/s3/s3_xml.h"

namespace ferrum {

struct S3ObjectState {
  int64_t size = 0;
  std::string etag;  // as sent, quotes and all
  std::optional<S3Checksum> checksum;
};

// Throws as S3Bucket::send; kIo for an answer that lacks size or ETag.
S3ObjectState head_object(S3Bucket& bucket, const std::string& key);

// The objects below `prefix` ("" or ending in '/') that are in no folder further down. Throws as
// S3Bucket::send and parse_s3_listing; kInvalidArgument beyond 10,000 of them.
std::vector<S3Object> list_folder(S3Bucket& bucket, const std::string& prefix);

// Throws as S3Bucket::send; kIo beyond `max_bytes`.
std::string read_object(S3Bucket& bucket, const std::string& key, int64_t max_bytes);

}  // namespace ferrum
