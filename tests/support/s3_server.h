#pragma once
// A server of S3 inside the test: GET, HEAD and ListObjectsV2 over buckets in memory. It checks
// every signature by the specification, with code of its own, and refuses as S3 does.

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "support/http_server.h"

namespace ferrum::test {

struct S3Object {
  ServedFile file;
  std::vector<std::pair<std::string, std::string>> checksums;  // sent when the mode is ENABLED
};

class S3Server {
 public:
  struct Keys {
    std::string id = "AKIATEST";
    std::string secret = "test/Secret+Key=";
    std::string token;  // empty: none is taken
  };
  struct Options {
    Keys keys = {};
    std::string region = "us-east-1";
    std::set<std::string> public_buckets = {};  // read without a signature
    bool lists = true;                     // false: s3:ListBucket is not granted
    size_t page_size = 1000;
    int64_t bytes_per_second = 0;          // of each connection
    int wrong_region_status = 301;         // or 400
  };
  S3Server() : S3Server(Options()) {}
  explicit S3Server(Options options);

  void put(const std::string& bucket, const std::string& key, S3Object object);
  void put(const std::string& bucket, const std::string& key, const std::string& bytes);
  // Answers in place of the server where it gives a reply.
  using Fault = std::function<std::optional<ServerReply>(const ServerRequest&)>;
  void set_fault(Fault fault);
  void set_clock_ahead(std::chrono::seconds ahead);
  void set_keys(Keys keys);

  std::string endpoint() const { return http_.url(""); }
  HttpServer& http() { return http_; }

 private:
  struct Target {
    std::string bucket;
    std::string key;
    std::multimap<std::string, std::string> query;  // decoded
  };

  ServerReply answer(const ServerRequest& request);
  std::optional<ServerReply> refuse(const ServerRequest& request, const Target& target) const;
  std::optional<ServerReply> refuse_scope(const ServerRequest& request, const std::string& date,
                                          const std::string& region) const;
  ServerReply list(const Target& target) const;
  ServerReply get(const ServerRequest& request, const Target& target) const;

  mutable std::mutex mutex_;
  Options options_;
  std::map<std::string, std::map<std::string, S3Object>> buckets_;
  Fault fault_;
  std::chrono::seconds ahead_{0};
  HttpServer http_;  // last: its threads use the rest
};

// <Error> of `code`, as S3 answers.
ServerReply s3_refusal(int status, const std::string& code, const std::string& more = {});

}  // namespace ferrum::test
