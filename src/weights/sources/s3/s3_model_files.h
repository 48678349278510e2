#pragma once
// The files of a model in a folder of a bucket.

#include <memory>
#include <vector>

#include "ferrum/weights/model_files.h"
#include "weights/sources/s3/s3_bucket.h"
#include "weights/sources/s3/s3_xml.h"

namespace ferrum {

// `objects` are those right in `folder`, whose key is "" or ends in '/'. One deeper down is asked
// for when it is named.
std::unique_ptr<ModelFiles> create_s3_model_files(std::shared_ptr<S3Bucket> bucket,
                                                  S3Location folder,
                                                  std::vector<S3Object> objects);

}  // namespace ferrum
