#include "weights/packed_weights.h"

#include <algorithm>
#include <vector>

#include "weights/downloads/cache_folders.h"
#include "weights/downloads/object_cache.h"

namespace ferrum {
namespace {

constexpr int kVersion = 1;  // of the file
constexpr int64_t kAlignment = 64;
constexpr int64_t kWindowBytes = int64_t{128} << 20;  // loaded at once

struct Piece {
  const ModelWeights::Request* request;
  DataType dtype;  // as loaded
  int64_t begin, bytes;
  int64_t end() const { return begin + bytes; }
};

struct Plan {
  std::vector<Piece> pieces;
  int64_t bytes = 0;
};

Plan plan(const PackedWeights::Job& job) {
  Plan result;
  for (const ModelWeights::Request& request : job.requests) {
    const DataType dtype = job.weights.dtype_of(request);
    const int64_t bytes = bytes_of(dtype, request.shape.numel());
    result.pieces.push_back({&request, dtype, result.bytes, bytes});
    result.bytes += (bytes + kAlignment - 1) / kAlignment * kAlignment;
  }
  return result;
}

// Everything that decides which bytes come; empty where a source has no lasting stamp.
std::string identity(const PackedWeights::Job& job, const Plan& plan,
                     const WeightCatalogs& catalogs, const WeightLoaderConfig& config) {
  Json tensors = Json::array();
  std::map<Json, std::string> stamps;
  for (const Piece& piece : plan.pieces) {
    const WeightSource& source = job.weights.find(piece.request->name)->source;
    if (source.bytes) return "";  // of this process alone
    std::string& stamp = stamps[source.location];
    if (stamp.empty()) {
      stamp = source.kind + " " + catalogs.sources.get(source.kind).stamp(source, config);
    }
    tensors.push_back({piece.request->name, piece.request->shape, piece.dtype,
                       piece.request->transformations, stamp, source.format_options});
  }
  const Json whole{{"version", kVersion}, {"layout", job.layout}, {"tensors", tensors}};
  return whole.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// The bytes of the file from `offset` on.
void produce(const ModelWeights& weights, const Plan& plan, int64_t offset,
             FunctionRef<void(std::span<const std::byte>)> sink, const std::stop_token& stop) {
  const std::vector<std::byte> padding(kAlignment);
  for (size_t first = 0; first < plan.pieces.size();) {
    std::vector<ModelWeights::Request> window;
    size_t next = first;
    for (int64_t bytes = 0; next < plan.pieces.size() && bytes < kWindowBytes; ++next) {
      const Piece& piece = plan.pieces[next];
      if (piece.end() <= offset) continue;
      window.push_back(*piece.request);
      bytes += piece.bytes;
    }
    const std::vector<Tensor> tensors = weights.load(window, Device::cpu(), stop);
    for (size_t i = first, loaded = 0; i < next; ++i) {
      const Piece& piece = plan.pieces[i];
      const auto emit = [&](const std::byte* data, int64_t begin, int64_t bytes) {
        const int64_t skipped = std::clamp<int64_t>(offset - begin, 0, bytes);
        constexpr int64_t kChunk = int64_t{1} << 20;
        for (int64_t at = skipped; at < bytes; at += kChunk) {
          sink({data + at, static_cast<size_t>(std::min(kChunk, bytes - at))});
        }
      };
      if (piece.end() > offset) {
        emit(static_cast<const std::byte*>(tensors[loaded++].raw_data()), piece.begin, piece.bytes);
      }
      const int64_t end = i + 1 < plan.pieces.size() ? plan.pieces[i + 1].begin : plan.bytes;
      emit(padding.data(), piece.end(), end - piece.end());
    }
    first = next;
  }
}

}  // namespace

std::unique_ptr<PackedWeights> PackedWeights::open(const Job& job, const WeightCatalogs& catalogs,
                                                   const WeightLoaderConfig& config,
                                                   std::stop_token stop,
                                                   const LoadProgress& progress) {
  if (!config.enable_caching || job.weights.is_in_place(job.requests)) return nullptr;
  const Plan plan = ferrum::plan(job);
  CachedObject object;
  object.source = "packed";
  object.identity = identity(job, plan, catalogs, config);
  if (object.identity.empty()) return nullptr;
  object.validator = object.identity;
  object.location = job.location;
  object.size_bytes = plan.bytes;

  ObjectCache cache(object_cache_folder(config));
  std::unique_ptr<ByteSource> file = cache.find(object);
  if (!file) {
    const auto stream = [&](int64_t offset, FunctionRef<void(std::span<const std::byte>)> sink,
                            const std::stop_token& asked) {
      produce(job.weights, plan, offset, sink, asked);
    };
    cache.fetch(object, stream, config.max_cache_size, stop, progress);
    file = cache.find(object);
    if (!file) throw Error(ErrorCode::kIo, "the packed weights of " + job.location + " are gone");
  }
  auto packed = std::make_unique<PackedWeights>();
  for (const Piece& piece : plan.pieces) {
    packed->tensors_.emplace(piece.request->name, Tensor(file->storage(), piece.request->shape,
                                                         piece.dtype, piece.begin));
  }
  return packed;
}

}  // namespace ferrum
