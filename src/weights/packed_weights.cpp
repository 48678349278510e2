#include "weights/packed_weights.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "weights/downloads/cache_folders.h"
#include "weights/downloads/object_cache.h"
#include "weights/prefetch.h"
#include "weights/reader_cache.h"

namespace ferrum {
namespace {

constexpr int kVersion = 1;  // of the file
constexpr int64_t kAlignment = 64;
constexpr int64_t kWindowBytes = int64_t{128} << 20;  // loaded at once
constexpr int64_t kSlabBytes = kWindowBytes / 8;      // of a large tensor: loads side by side

struct Piece {
  const ModelWeights::Request* request;
  DataType dtype;  // as loaded
  int64_t begin, bytes;
};

struct Layout {
  std::vector<Piece> pieces;
  int64_t bytes = 0;
  bool in_place = true;  // all of it, in the sources
};

Layout lay_out(const PackedWeights::Job& job) {
  Layout result;
  const std::vector<LoadPlan> plans = job.weights.plan(job.requests);
  for (size_t i = 0; i < plans.size(); ++i) {
    const int64_t bytes = bytes_of(plans[i].dtype, plans[i].shape.numel());
    result.pieces.push_back({&job.requests[i], plans[i].dtype, result.bytes, bytes});
    result.bytes += (bytes + kAlignment - 1) / kAlignment * kAlignment;
    result.in_place = result.in_place && plans[i].in_place;
  }
  return result;
}

std::string to_text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// However a path was typed, and whichever link it goes through.
Json location_of(const WeightSource& source) {
  Json location = source.location;
  if (source.kind != "file") return location;
  std::error_code unknown;
  const std::filesystem::path path(source.location.at("path").get<std::string>());
  const auto whole = std::filesystem::canonical(path, unknown);
  if (!unknown) location["path"] = whole.string();
  return location;
}

// Which weights these are: other requests and other kernels have files of their own.
std::string identity(const PackedWeights::Job& job, const Layout& layout) {
  Json tensors = Json::array();
  for (const Piece& piece : layout.pieces) {
    const WeightSource& source = job.weights.find(piece.request->name)->source;
    tensors.push_back({piece.request->name, piece.request->shape, piece.dtype,
                       piece.request->transformations, source.kind, location_of(source),
                       source.format_options});
  }
  return to_text({kVersion, job.layout, tensors});
}

// Which bytes the sources have; empty where one has no stamp that outlasts this process.
std::string validator(const ModelWeights& weights, const WeightCatalogs& catalogs,
                      const WeightLoaderConfig& config) {
  const ReaderCache readers(catalogs, config);
  Json stamps = Json::array();
  const auto add = [&](const WeightSource& file) {
    stamps.push_back(catalogs.sources.get(file.kind).stamp(file, config));
  };
  for (const WeightSource& source : weights.sources()) {
    if (source.bytes) return "";
    add(source);
    for (const WeightSource& file : readers.further_files_of(source)) add(file);
  }
  return to_text(stamps);
}

// What is loaded in one go: a tensor, or some rows of one.
struct Slab {
  ModelWeights::Request request;
  int64_t begin, bytes;  // in the file
  int64_t end() const { return begin + bytes; }
};

// Whether rows can be loaded by themselves without reading more than them.
bool has_rows_of_file(const ModelWeights::Request& request) {
  const auto& steps = request.transformations;
  return std::all_of(steps.begin(), steps.end(),
                     [](const auto& step) { return step.kind == "cast"; });
}

void cut(const Piece& piece, std::vector<Slab>& slabs) {
  const Shape& shape = piece.request->shape;
  if (piece.bytes <= kSlabBytes || !is_byte_sized(piece.dtype) ||
      !has_rows_of_file(*piece.request)) {
    slabs.push_back({*piece.request, piece.begin, piece.bytes});
    return;
  }
  const int64_t row_bytes = piece.bytes / shape[0];
  const int64_t rows = std::max<int64_t>(kSlabBytes / row_bytes, 1);
  for (int64_t row = 0; row < shape[0]; row += rows) {
    const int64_t count = std::min(rows, shape[0] - row);
    ModelWeights::Request request = *piece.request;
    request.shape = shape.with_dim(0, count);
    request.transformations.push_back(TensorTransformation::slice(0, row, row + count));
    slabs.push_back({std::move(request), piece.begin + row * row_bytes, count * row_bytes});
  }
}

// The slabs that have bytes of the file from `offset` on.
std::vector<Slab> slabs_from(const Layout& layout, int64_t offset) {
  std::vector<Slab> slabs;
  for (const Piece& piece : layout.pieces) cut(piece, slabs);
  std::erase_if(slabs, [&](const Slab& slab) { return slab.end() <= offset; });
  return slabs;
}

// The bytes of the file from `offset` on.
void produce(const ModelWeights& weights, const Layout& layout, int64_t offset,
             FunctionRef<void(std::span<const std::byte>)> sink, const std::stop_token& stop) {
  constexpr int64_t kChunk = int64_t{1} << 20;
  const std::vector<std::byte> padding(kAlignment);
  int64_t written = offset;
  const auto emit = [&](const std::byte* data, int64_t begin, int64_t end) {
    while (written < end) {
      const int64_t count = std::min(kChunk, end - written);
      sink({data + (written - begin), static_cast<size_t>(count)});
      written += count;
    }
  };
  const std::vector<Slab> slabs = slabs_from(layout, offset);
  for (size_t first = 0; first < slabs.size();) {
    std::vector<ModelWeights::Request> window;
    size_t next = first;
    for (int64_t bytes = 0; next < slabs.size() && bytes < kWindowBytes; ++next) {
      window.push_back(slabs[next].request);
      bytes += slabs[next].bytes;
    }
    const std::vector<Tensor> tensors = weights.load(window, Device::cpu(), stop);
    for (size_t i = first; i < next; ++i) {
      const Slab& slab = slabs[i];
      emit(padding.data(), written, slab.begin);
      emit(static_cast<const std::byte*>(tensors[i - first].raw_data()), slab.begin, slab.end());
    }
    first = next;
  }
  emit(padding.data(), written, layout.bytes);
}

}  // namespace

std::unique_ptr<PackedWeights> PackedWeights::open(const Job& job, const WeightCatalogs& catalogs,
                                                   const WeightLoaderConfig& config,
                                                   std::stop_token stop,
                                                   const LoadProgress& progress) {
  if (!config.enable_caching) return nullptr;
  const Layout layout = lay_out(job);
  if (layout.in_place) return nullptr;
  CachedObject object;
  object.source = "packed";
  object.identity = identity(job, layout);
  object.validator = validator(job.weights, catalogs, config);
  if (object.validator.empty()) return nullptr;
  object.location = job.location;
  object.size_bytes = layout.bytes;

  ObjectCache cache(object_cache_folder(config));
  std::unique_ptr<ByteSource> file = cache.find(object);
  if (!file) {
    const auto stream = [&](int64_t offset, FunctionRef<void(std::span<const std::byte>)> sink,
                            const std::stop_token& asked) {
      produce(job.weights, layout, offset, sink, asked);
    };
    cache.fetch(object, stream, config, stop, progress);
    file = cache.find(object);
    if (!file) throw Error(ErrorCode::kIo, "the packed weights of " + job.location + " are gone");
  }
  auto packed = std::make_unique<PackedWeights>();
  for (const Piece& piece : layout.pieces) {
    packed->tensors_.emplace(piece.request->name, Tensor(file->storage(), piece.request->shape,
                                                         piece.dtype, piece.begin));
  }
  packed->file_ = std::move(file);
  return packed;
}

void PackedWeights::preload(const std::stop_token& stop, const LoadProgress& progress) const {
  constexpr int kReaders = 8;
  prefetch_all(*file_, kReaders, stop, progress);
}

}  // namespace ferrum
