#include "weights/http/remote_object.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <latch>
#include <utility>

namespace ferrum {
namespace {

constexpr int64_t kCachedBytes = int64_t{8} << 20;
constexpr int64_t kLook = int64_t{4} << 10;  // most headers are shorter
constexpr size_t kChunk = size_t{1} << 20;
constexpr int64_t kPartStep = int64_t{64} << 10;  // parts end between chunks' multiples of 64 bytes

}  // namespace

RemoteObject::RemoteObject(std::shared_ptr<TransferPool> pool,
                           std::shared_ptr<RemoteTarget> target, const RemoteOptions& options,
                           std::stop_token stop)
    : pool_(std::move(pool)), options_(options),
      fetcher_(pool_->client(), std::move(target), options.limits, options.retries),
      cache_(kCachedBytes), times_(options.hedge_after) {
  std::vector<std::byte> first = fetcher_.open(options_.short_bytes, options_.largest_whole, stop);
  if (version().takes_ranges) {
    cache_.insert(0, std::move(first), 0);
  } else {
    whole_ = std::move(first);
  }
}

// How much to fetch for a read at `offset` that goes on where the last ones ended, give or take
// `gap` bytes; 0 for one that does not.
int64_t RemoteObject::read_ahead(int64_t offset, int64_t gap) const {
  const int64_t before = cache_.length_read_to(offset, gap);
  return before == 0 ? 0 : std::min(std::max(2 * before, kLook), options_.short_bytes);
}

// Fetches at least `least` bytes, where there are as many. One of the pool's connections does, so
// that no more are in use than there are.
void RemoteObject::fetch_short(int64_t offset, std::span<std::byte> destination, int64_t least,
                               std::stop_token stop) const {
  const int64_t bytes = std::max(static_cast<int64_t>(destination.size()), least);
  std::vector<std::byte> range(static_cast<size_t>(std::min(bytes, size() - offset)));
  std::exception_ptr error;
  const auto done = std::make_shared<std::latch>(1);
  pool_->start([&, done] {
    std::exception_ptr caught;
    try {
      std::atomic<int64_t> received{0};
      fetcher_.fetch(offset, range, received, stop);
    } catch (...) {
      caught = std::current_exception();
    }
    error = std::move(caught);  // the reader alone has it from here on
    done->count_down();
  });
  done->wait();
  if (error) std::rethrow_exception(error);
  std::copy_n(range.begin(), destination.size(), destination.begin());
  cache_.insert(offset, std::move(range), static_cast<int64_t>(destination.size()));
}

// Enough parts for all connections, none so short that asking takes longer than sending.
int64_t RemoteObject::part_bytes(int64_t bytes) const {
  const int64_t share = (bytes / pool_->max_connections() / kPartStep + 1) * kPartStep;
  return std::clamp(share, std::min(int64_t{2} << 20, options_.part_bytes), options_.part_bytes);
}

void RemoteObject::read(int64_t offset, std::span<std::byte> destination) const {
  auto bytes = static_cast<int64_t>(destination.size());
  check_range(offset, bytes);
  if (bytes == 0) return;
  if (!version().takes_ranges) {
    if (whole_.empty()) {
      throw Error(ErrorCode::kUnsupported,
                  "reading a part of " + name() + ": the server sends no ranges",
                  "download it whole, with caching enabled");
    }
    std::memcpy(destination.data(), whole_.data() + offset, destination.size());
    return;
  }
  const int64_t ahead = std::max(kLook, read_ahead(offset, kLook));
  const int64_t known = cache_.copy(offset, destination);
  offset += known;
  bytes -= known;
  destination = destination.subspan(static_cast<size_t>(known));
  if (bytes == 0) return;
  if (bytes <= options_.short_bytes) return fetch_short(offset, destination, ahead, {});
  OrderedParts parts(*pool_, fetcher_, times_,
                     {offset, bytes, part_bytes(bytes), destination.data()}, {});
  parts.run([](std::span<const std::byte>) {});
}

void RemoteObject::stream(int64_t offset, int64_t bytes,
                          FunctionRef<void(std::span<const std::byte>)> sink,
                          std::stop_token stop) const {
  check_range(offset, bytes);
  const auto in_chunks = [&](std::span<const std::byte> part) {
    for (; !part.empty(); part = part.subspan(std::min(kChunk, part.size()))) {
      sink(part.first(std::min(kChunk, part.size())));
    }
  };
  if (bytes == 0) return;
  if (!version().takes_ranges && whole_.empty()) {
    return stream_whole(offset, bytes, sink, stop);
  }
  if (!version().takes_ranges) {
    return in_chunks(std::span(whole_).subspan(static_cast<size_t>(offset),
                                               static_cast<size_t>(bytes)));
  }
  if (bytes <= options_.short_bytes) {
    std::vector<std::byte> buffer(static_cast<size_t>(bytes));
    const int64_t ahead = read_ahead(offset, 0), known = cache_.copy(offset, buffer);
    if (known < bytes) {
      fetch_short(offset + known, std::span(buffer).subspan(static_cast<size_t>(known)), ahead,
                  stop);
    }
    return sink(buffer);
  }
  OrderedParts parts(*pool_, fetcher_, times_, {offset, bytes, part_bytes(bytes), nullptr}, stop);
  parts.run(in_chunks);
}

// Pieces come as long as the network makes them.
void RemoteObject::stream_whole(int64_t offset, int64_t bytes,
                                FunctionRef<void(std::span<const std::byte>)> sink,
                                std::stop_token stop) const {
  std::vector<std::byte> chunk;
  chunk.reserve(kChunk);
  fetcher_.stream_whole(offset, bytes, [&](std::span<const std::byte> piece) {
    while (!piece.empty()) {
      const size_t count = std::min(kChunk - chunk.size(), piece.size());
      chunk.insert(chunk.end(), piece.begin(), piece.begin() + static_cast<ptrdiff_t>(count));
      piece = piece.subspan(count);
      if (chunk.size() < kChunk) continue;
      sink(chunk);
      chunk.clear();
    }
  }, stop);
  if (!chunk.empty()) sink(chunk);
}

void RemoteObject::prefetch(int64_t offset, int64_t bytes) const {
  check_range(offset, bytes);
  throw Error(ErrorCode::kUnsupported, name() + " is on a server, and caching is off",
              "enable caching, or leave out the preload");
}

}  // namespace ferrum
