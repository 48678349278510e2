#pragma once
// Ranges of one object, each fetched as a whole however often the connection breaks.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "ferrum/types/function_ref.h"
#include "weights/http/http_client.h"
#include "weights/http/remote_target.h"

namespace ferrum {

struct RetryPolicy {
  int fruitless_attempts = 6;  // in a row, each without a byte
  int attempts = 64;           // for one range, all in all
  // Before each further attempt: doubled each time, shortened by chance by up to a half.
  std::chrono::milliseconds first_wait{250};
  std::chrono::milliseconds longest_wait{10'000};
  std::chrono::seconds longest_retry_after{60};  // a server that asks for more is not waited for
};

// Which object it is, as the first response tells.
struct ObjectVersion {
  int64_t size = 0;
  std::string etag;           // as sent, quotes and all; empty: none
  std::string last_modified;  // as sent; empty: none
  bool takes_ranges = true;

  // The same text as long as the object is the same; empty where the server gives no hint of it.
  const std::string& validator() const { return etag.empty() ? last_modified : etag; }
};

// Connections that are cut, refused or too slow, and statuses 408, 425, 429 and 5xx, are tried
// again, from the byte on where the last attempt ended. Every part is checked to be of the same
// object; one that changes meanwhile is an error.
class RangeFetcher {
 public:
  RangeFetcher(HttpClient& client, std::shared_ptr<RemoteTarget> target, const HttpLimits& limits,
               const RetryPolicy& retries)
      : client_(client), target_(std::move(target)), limits_(limits), retries_(retries) {}

  // The first request: learns the version from the bytes [0, wanted), which it gives back; fewer
  // where the object is shorter, all of it where it is at most `largest_whole` long and the server
  // sends no ranges. Nothing at all of one that is longer and comes whole.
  std::vector<std::byte> open(int64_t wanted, int64_t largest_whole, std::stop_token stop = {});
  const ObjectVersion& version() const { return version_; }
  const std::string& name() const { return target_->name(); }

  // Fills `destination` from `offset` on. `received` bytes of it, at first 0, are there at any
  // moment.
  void fetch(int64_t offset, std::span<std::byte> destination, std::atomic<int64_t>& received,
             std::stop_token stop) const;

  // Where the server sends no ranges: the whole object over one connection at a time, of which
  // [offset, offset + bytes) goes to `sink`.
  void stream_whole(int64_t offset, int64_t bytes,
                    FunctionRef<void(std::span<const std::byte>)> sink,
                    std::stop_token stop) const;

 private:
  // One request after another, until a response of success is whole: what differs between them.
  struct Plan {
    std::function<HttpHeaders()> conditions;  // of the next request
    HttpSink sink;
    std::function<bool(const HttpResponse&)> is_whole;
    std::function<int64_t()> received;  // bytes that need not come again
    // Whether they are all: how the response ends does not matter then.
    std::function<bool()> has_all = [] { return false; };
  };
  void attempt_until_whole(const Plan& plan, std::stop_token stop) const;
  // Why another attempt may do better; nothing after a success. Throws where none will.
  std::optional<Error> attempt(const Plan& plan, bool is_first, std::stop_token stop,
                               std::optional<std::chrono::seconds>& retry_after) const;
  bool begin(const HttpResponse& head, int64_t wanted, int64_t largest_whole);
  HttpHeaders conditions(int64_t first, int64_t last) const;
  void check_part(const HttpResponse& head, int64_t first, int64_t last) const;
  void check_same_object(const HttpResponse& head) const;
  [[noreturn]] void throw_changed() const;
  [[noreturn]] void throw_protocol(const std::string& what) const;

  HttpClient& client_;
  const std::shared_ptr<RemoteTarget> target_;
  const HttpLimits limits_;
  const RetryPolicy retries_;
  ObjectVersion version_;
};

}  // namespace ferrum
