#pragma once
// An object of a bucket, as the reader of its ranges asks for it.

#include <memory>
#include <string>

#include "weights/http/remote_target.h"
#include "weights/sources/s3/s3_bucket.h"

namespace ferrum {

std::shared_ptr<RemoteTarget> create_s3_target(std::shared_ptr<S3Bucket> bucket,
                                               const std::string& key);

}  // namespace ferrum
