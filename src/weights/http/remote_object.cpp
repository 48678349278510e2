#include "weights/http/remote_object.h"

#include <algorithm>
#include <cstring>

namespace ferrum {
namespace {

constexpr size_t kCachedBlocks = 32;
constexpr size_t kChunk = size_t{1} << 20;
constexpr int64_t kPartStep = int64_t{64} << 10;  // parts end between chunks' multiples of 64 bytes

}  // namespace

RemoteObject::RemoteObject(std::shared_ptr<TransferPool> pool,
                           std::shared_ptr<RemoteTarget> target, const RemoteOptions& options,
                           std::stop_token stop)
    : pool_(std::move(pool)), options_(options),
      fetcher_(pool_->client(), std::move(target), options.limits, options.retries),
      cache_(kCachedBlocks), times_(options.hedge_after) {
  std::vector<std::byte> first = fetcher_.open(options_.block_bytes, options_.largest_whole, stop);
  if (version().takes_ranges) {
    cache_.insert(0, std::make_shared<std::vector<std::byte>>(std::move(first)));
  } else {
    whole_ = std::move(first);
  }
}

// Blocks [first, last], those that are missing by one request.
std::vector<BlockCache::Block> RemoteObject::blocks(int64_t first, int64_t last) const {
  std::vector<BlockCache::Block> result;
  int64_t first_missing = last + 1, last_missing = first - 1;
  for (int64_t index = first; index <= last; ++index) {
    result.push_back(cache_.find(index));
    if (result.back()) continue;
    first_missing = std::min(first_missing, index);
    last_missing = index;
  }
  if (first_missing > last_missing) return result;

  const int64_t begin = first_missing * options_.block_bytes;
  const int64_t end = std::min((last_missing + 1) * options_.block_bytes, size());
  std::vector<std::byte> bytes(static_cast<size_t>(end - begin));
  std::atomic<int64_t> received{0};
  fetcher_.fetch(begin, bytes, received, {});
  for (int64_t index = first_missing; index <= last_missing; ++index) {
    const auto from = bytes.begin() + (index - first_missing) * options_.block_bytes;
    const int64_t length = std::min<int64_t>(bytes.end() - from, options_.block_bytes);
    auto block = std::make_shared<const std::vector<std::byte>>(from, from + length);
    result[static_cast<size_t>(index - first)] = block;
    cache_.insert(index, std::move(block));
  }
  return result;
}

void RemoteObject::read_blocks(int64_t offset, std::span<std::byte> destination) const {
  const int64_t first = offset / options_.block_bytes;
  const int64_t last =
      (offset + static_cast<int64_t>(destination.size()) - 1) / options_.block_bytes;
  auto skip = static_cast<size_t>(offset % options_.block_bytes);
  for (const BlockCache::Block& block : blocks(first, last)) {
    const size_t bytes = std::min(block->size() - skip, destination.size());
    std::memcpy(destination.data(), block->data() + skip, bytes);
    destination = destination.subspan(bytes);
    skip = 0;
  }
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
  if (bytes <= options_.block_bytes) return read_blocks(offset, destination);
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
  if (bytes <= options_.block_bytes) {
    std::vector<std::byte> buffer(static_cast<size_t>(bytes));
    read_blocks(offset, buffer);
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
