#include "weights/sources/s3/s3_target.h"

namespace ferrum {
namespace {

class S3Target : public RemoteTarget {
 public:
  S3Target(std::shared_ptr<S3Bucket> bucket, const std::string& key)
      : bucket_(std::move(bucket)), key_(key), name_("s3://" + bucket_->name() + "/" + key) {}

  const std::string& name() const override { return name_; }
  HttpRequest request(const HttpHeaders& conditions) override {
    return bucket_->make_request("GET", key_, {}, conditions);
  }
  bool recover(const HttpResponse& response) override { return bucket_->learn_from(response); }
  Error refusal(const HttpResponse& response) override {
    return bucket_->error_for(key_, response);
  }

 private:
  const std::shared_ptr<S3Bucket> bucket_;
  const std::string key_;
  const std::string name_;
};

}  // namespace

std::shared_ptr<RemoteTarget> create_s3_target(std::shared_ptr<S3Bucket> bucket,
                                               const std::string& key) {
  return std::make_shared<S3Target>(std::move(bucket), key);
}

}  // namespace ferrum
