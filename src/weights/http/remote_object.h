#pragma once
// One object on a server as a source of bytes, read by ranges.

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "ferrum/weights/byte_source.h"
#include "weights/http/ordered_parts.h"
#include "weights/http/range_cache.h"
#include "weights/http/range_fetcher.h"
#include "weights/http/remote_target.h"
#include "weights/http/transfer_pool.h"

namespace ferrum {

struct RemoteOptions {
  HttpLimits limits;
  RetryPolicy retries;
  int64_t part_bytes = int64_t{8} << 20;    // of long ranges, at most; a multiple of 64
  int64_t short_bytes = int64_t{256} << 10; // at most, of short ones; of the first request
  // What a server without ranges sends whole is kept up to here.
  int64_t largest_whole = int64_t{16} << 20;
  std::chrono::milliseconds hedge_after{1000};  // at least, and three times as long as parts take
};

// Long ranges are fetched in parts over several connections of the pool. Short ones come in one
// request, and the last of them are kept: a stream asks for its range alone, a read for a little
// more; what goes on where such a range ended is read ahead, twice as far each time. An object of a
// server that sends no ranges can only be streamed from its beginning, unless it is small.
class RemoteObject final : public ByteSource {
 public:
  // Asks the server. Throws as RangeFetcher::open: kNotFound, kIo, kCancelled.
  RemoteObject(std::shared_ptr<TransferPool> pool, std::shared_ptr<RemoteTarget> target,
               const RemoteOptions& options = {}, std::stop_token stop = {});

  const std::string& name() const override { return fetcher_.name(); }
  int64_t size() const override { return fetcher_.version().size; }
  const ObjectVersion& version() const { return fetcher_.version(); }

  // kIo when the object has changed. kUnsupported without ranges.
  void read(int64_t offset, std::span<std::byte> destination) const override;
  void stream(int64_t offset, int64_t bytes,
              FunctionRef<void(std::span<const std::byte>)> sink) const override {
    stream(offset, bytes, sink, {});
  }
  // Throws kCancelled too.
  void stream(int64_t offset, int64_t bytes, FunctionRef<void(std::span<const std::byte>)> sink,
              std::stop_token stop) const;

  // Throws kUnsupported: what is nearer is a cache on this machine.
  void prefetch(int64_t offset, int64_t bytes) const override;

 private:
  int64_t read_ahead(int64_t offset, int64_t gap) const;
  void fetch_short(int64_t offset, std::span<std::byte> destination, int64_t least,
                   std::stop_token stop) const;
  void stream_whole(int64_t offset, int64_t bytes,
                    FunctionRef<void(std::span<const std::byte>)> sink,
                    std::stop_token stop) const;
  int64_t part_bytes(int64_t bytes) const;

  const std::shared_ptr<TransferPool> pool_;
  const RemoteOptions options_;
  RangeFetcher fetcher_;
  std::vector<std::byte> whole_;  // of a small object, where the server sends no ranges
  mutable RangeCache cache_;
  mutable PartTimes times_;
};

}  // namespace ferrum
