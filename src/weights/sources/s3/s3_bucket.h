#pragma once
// One bucket as one caller sees it: signed requests, the region corrected when the server names
// another, and errors that say what may be wrong.
//
// Thread-safe.

#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "ferrum/types/error.h"
#include "weights/http/http_client.h"
#include "weights/sources/s3/aws_environment.h"
#include "weights/sources/s3/aws_signature.h"
#include "weights/sources/s3/s3_location.h"

namespace ferrum {

class S3Bucket {
 public:
  // Resolves endpoint, region and the origin of the credentials, of which none are needed where the
  // location says "anonymous" or AWS_NO_SIGN_REQUEST is set. Throws as the resolving functions do.
  // `default_headers` go with every request, signed.
  S3Bucket(const S3Location& location, const AwsEnvironment& environment,
           HttpHeaders default_headers = {}, HttpLimits limits = {});

  const std::string& name() const { return name_; }
  // The same for whoever asks: "s3://bucket/key" on AWS, else by the endpoint's URL.
  std::string identity_of(const std::string& key);

  // A request for an object, or with an empty key for the bucket itself, signed now.
  HttpRequest make_request(const std::string& method, const std::string& key,
                           const QueryParameters& query = {}, const HttpHeaders& headers = {});

  // Whether what `response` refused may succeed when made anew: the bucket's region was another, or
  // the credentials had expired. The caller bounds how often.
  bool learn_from(const HttpResponse& response);

  // Sends, again where the failure may pass. Gives back a 2xx response; throws error_for others.
  HttpResponse send(const std::string& method, const std::string& key,
                    const QueryParameters& query = {}, const HttpHeaders& headers = {},
                    int64_t max_body = kMaxErrorBytes, std::stop_token stop = {});

  // What to throw for a response that is not the wanted one: kNotFound or kIo. Of the server's own
  // words it shows a few, without the credentials.
  Error error_for(const std::string& key, const HttpResponse& response);

  static constexpr int64_t kMaxErrorBytes = 64 << 10;  // of an error's XML

 private:
  S3Endpoint endpoint();

  std::string name_;
  AwsEnvironment environment_;
  HttpHeaders default_headers_;
  HttpLimits limits_;
  std::optional<AwsCredentialStore> credentials_;  // absent: anonymous
  std::mutex mutex_;                               // guards the endpoint
  S3Endpoint endpoint_;
  bool is_corrected_ = false;
};

}  // namespace ferrum
