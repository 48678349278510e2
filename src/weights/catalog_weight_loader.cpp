// The weight loader over the three axes.

#include <algorithm>
#include <bit>

#include "ferrum/types/error.h"
#include "ferrum/types/host_memory.h"
#include "ferrum/types/thread_pool.h"
#include "ferrum/weights/weight_catalogs.h"
#include "weights/host_buffer.h"
#include "weights/load_meter.h"
#include "weights/near_names.h"
#include "weights/packed_elements.h"
#include "weights/prefetch.h"
#include "weights/reader_cache.h"
#include "weights/row_windows.h"
#include "weights/tensor_bytes.h"
#include "weights/transform_plan.h"
#include "weights/work_in_parallel.h"

namespace ferrum {
namespace {

constexpr int kPreloadReaders = 8;  // they wait rather than work

// One tensor to load, checked against its file.
struct Job {
  const TensorSpec* spec;
  std::string name;  // in the file
  std::shared_ptr<const WeightReader> reader;
  TensorInfo info;
  TransformPlan plan;
};

bool is_aligned(const Tensor& tensor) {
  const int bits = bits_of(tensor.dtype());
  const size_t alignment = static_cast<size_t>(std::bit_floor(static_cast<unsigned>(bits / 8 | 1)));
  return reinterpret_cast<std::uintptr_t>(tensor.raw_data()) % alignment == 0;
}

// Whether the elements are what was asked for, as they lie.
bool is_result(const Arrangement& arranged, const ElementPipeline& pipeline) {
  return pipeline.empty() && arranged.view().device().is_cpu() && arranged.is_contiguous() &&
         is_aligned(arranged.view());
}

// What `action` returns; its errors say which tensor.
template <class F>
auto with_context(const TensorSpec& spec, const std::string& name, F&& action) {
  try {
    return action();
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) throw;
    throw error.with_context("tensor '" + name + "' of " + spec.source.to_string());
  }
}

void refuse_unreadable(const WeightMetadata& metadata, const TensorSpec& spec,
                       const std::string& name) {
  const auto it = metadata.unreadable.find(name);
  if (it == metadata.unreadable.end()) return;
  with_context(spec, name, [&] { throw Error(ErrorCode::kUnsupported, it->second); });
}

class CatalogWeightLoader : public WeightLoader {
 public:
  CatalogWeightLoader(const WeightCatalogs& catalogs, TensorFactory& factory,
                      const WeightLoaderConfig& config)
      : catalogs_(catalogs),
        factory_(factory),
        config_(config),
        readers_(catalogs, config_),
        threads_(config.max_concurrent_loads > 0 ? config.max_concurrent_loads
                                                 : std::min(ThreadPool::available_cpus(), 8)) {}

  Tensor load_tensor(const TensorSpec& spec) override {
    return load_tensors(std::span(&spec, 1), {}, {})[0];
  }

  LoadPlan plan_load(const TensorSpec& spec) override {
    const Job job = prepare(spec);
    const TensorBytes bytes(*job.reader, job.name, job.info, !job.plan.empty());
    ElementPipeline pipeline(job.info.dtype);
    if (bytes.swap()) pipeline.add(*bytes.swap());
    const Arrangement arranged = job.plan.arrange(bytes.view(), pipeline);
    LoadPlan plan{job.plan.dtype(), job.plan.shape(), is_result(arranged, pipeline)};
    if (const QuantizationScheme* scheme = job.plan.quantization()) {
      plan.in_place = false;
      plan.parts = scheme->layout(plan.dtype, plan.shape);
    }
    return plan;
  }

  std::vector<Tensor> load_tensors(std::span<const TensorSpec> specs, std::stop_token stop,
                                   const LoadProgress& progress) override {
    const std::vector<Job> jobs = prepare(specs);
    for (const Job& job : jobs) {
      if (!job.plan.quantization()) continue;
      with_context(*job.spec, job.name, [] {
        throw Error(ErrorCode::kInvalidArgument, "a quantisation gives several tensors",
                    "ask load_weights for them");
      });
    }
    std::vector<Tensor> tensors;
    for (Weight& weight : load(jobs, std::move(stop), progress)) {
      tensors.push_back(std::get<Tensor>(std::move(weight)));
    }
    return tensors;
  }

  std::vector<Weight> load_weights(std::span<const TensorSpec> specs, std::stop_token stop,
                                   const LoadProgress& progress) override {
    return load(prepare(specs), std::move(stop), progress);
  }

  bool is_available(const WeightSource& source) override {
    try {
      const auto bytes = readers_.open_bytes(source);
      std::byte first;
      if (bytes->size() > 0) bytes->read(0, {&first, 1});
      return true;
    } catch (const Error&) {
      return false;
    }
  }

  WeightMetadata get_metadata(const WeightSource& source) override {
    return readers_.open(source)->metadata();
  }

  int64_t preload(const WeightSource& source, std::stop_token stop,
                  const LoadProgress& progress) override {
    int64_t before = 0;  // bytes of the files that are near
    int64_t fetched = 0;
    const auto preload_next = [&](const WeightSource& file) {
      int64_t size = 0;
      fetched += preload_file(file, stop, [&](int64_t done, int64_t total) {
        size = total;
        if (progress) progress(before + done, before + total);
      });
      before += size;
    };
    const bool is_whole = readers_.is_known_to_be_whole(source);
    preload_next(source);
    if (is_whole) return fetched;
    for (const WeightSource& file : readers_.further_files_of(source)) preload_next(file);
    return fetched;
  }

  WeightLoaderCapabilities capabilities() const override {
    WeightLoaderCapabilities result;
    for (const auto& entry : catalogs_.formats.entries()) {
      result.supported_formats.push_back(entry.name);
    }
    for (const auto& entry : catalogs_.sources.entries()) {
      result.supported_sources.push_back(entry.name);
    }
    for (const auto& entry : catalogs_.transforms.entries()) {
      result.supported_transformations.push_back(entry.name);
    }
    result.max_tensor_size = query_host_memory().limit_bytes;
    result.supports_streaming = true;
    result.supports_concurrent = threads_ > 1;
    return result;
  }

 private:
  int64_t preload_file(const WeightSource& file, std::stop_token stop,
                       const LoadProgress& progress) {
    const SourcePart& part = catalogs_.sources.get(file.kind);
    if (part.fetch && config_.enable_caching) {
      return part.fetch(file, config_, std::move(stop), progress);
    }
    const int readers = config_.max_concurrent_loads > 0 ? threads_ : kPreloadReaders;
    prefetch_all(*readers_.open_bytes(file), readers, stop, progress);
    return 0;
  }

  std::vector<Job> prepare(std::span<const TensorSpec> specs) {
    std::vector<Job> jobs;
    jobs.reserve(specs.size());
    for (const TensorSpec& spec : specs) jobs.push_back(prepare(spec));
    return jobs;
  }

  std::vector<Weight> load(const std::vector<Job>& jobs, std::stop_token stop,
                           const LoadProgress& progress) {
    int64_t total = 0;
    for (const Job& job : jobs) total += job.info.size_bytes;
    LoadMeter meter(std::move(stop), progress, total);
    std::vector<Weight> weights(jobs.size());
    work_in_parallel(static_cast<int64_t>(jobs.size()), threads_, [&](int64_t i) {
      meter.check();
      const Job& job = jobs[static_cast<size_t>(i)];
      weights[static_cast<size_t>(i)] = with_context(*job.spec, job.name, [&] {
        TensorMeter share(meter, job.info.size_bytes);
        Weight weight = load(job, share);
        share.finish();
        return weight;
      });
    });
    return weights;
  }

  Job prepare(const TensorSpec& spec) {
    const std::string& name = spec.source.tensor_name.value_or(spec.name);
    auto reader = readers_.open(spec.source);
    const auto& tensors = reader->metadata().tensors;
    const auto it = tensors.find(name);
    if (it == tensors.end()) {
      refuse_unreadable(reader->metadata(), spec, name);
      std::vector<std::string_view> names;
      for (const auto& [known, info] : tensors) names.push_back(known);
      throw Error(ErrorCode::kNotFound, spec.source.to_string() + " has no tensor '" + name + "'",
                  near_names_hint(name, names));
    }
    const TensorInfo& info = it->second;
    return with_context(spec, name, [&] {
      TransformPlan plan(catalogs_.transforms, spec.transformations, info);
      if (spec.dtype && *spec.dtype != plan.dtype()) {
        auto transformations = spec.transformations;
        transformations.insert(transformations.end() - (plan.quantization() ? 1 : 0),
                               TensorTransformation::cast(*spec.dtype));
        plan = TransformPlan(catalogs_.transforms, transformations, info);
      }
      if (spec.shape && !(*spec.shape == plan.shape())) {
        throw Error(ErrorCode::kInvalidArgument, "its shape is " + to_string(plan.shape()) +
                                                     ", expected " + to_string(*spec.shape));
      }
      return Job{&spec, name, std::move(reader), info, std::move(plan)};
    });
  }

  Weight load(const Job& job, TensorMeter& meter) {
    const TensorBytes bytes(*job.reader, job.name, job.info, !job.plan.empty());
    ElementPipeline pipeline(job.info.dtype);
    if (bytes.swap()) pipeline.add(*bytes.swap());
    const auto done = [&](int64_t count) { meter.add(count); };
    const Arrangement arranged = job.plan.arrange(bytes.view(), pipeline);
    if (job.plan.quantization()) return quantize(job, bytes, arranged, pipeline, done);
    if (is_result(arranged, pipeline)) {
      return factory_.place(arranged.view().reshape(arranged.shape()), job.spec->device);
    }
    const Tensor result = allocate(job.plan.shape(), job.plan.dtype(), job.spec->device);
    auto* const out = static_cast<std::byte*>(result.mutable_raw_data());
    if (is_byte_sized(result.dtype()) || job.plan.empty()) {
      bytes.gather(arranged, pipeline, out, done);
    } else {
      pack(bytes, arranged, pipeline, out, done);
    }
    return place(result, job.spec->device);
  }

  static void pack(const TensorBytes& bytes, const Arrangement& arranged, ElementPipeline& pipeline,
                   std::byte* out, FunctionRef<void(int64_t)> done) {
    const DataType dtype = pipeline.output();
    const auto put = [&](const std::byte* codes, int64_t first, int64_t count) {
      pack_elements(dtype, codes, count, out + bytes_of(dtype, first));
    };
    for_each_row_window(bytes, arranged.column(), pipeline, 8, put, done);  // whole bytes
  }

  QuantizedTensor quantize(const Job& job, const TensorBytes& bytes, const Arrangement& matrix,
                           ElementPipeline& pipeline, FunctionRef<void(int64_t)> done) {
    const QuantizationScheme& scheme = *job.plan.quantization();
    const Device& device = job.spec->device;
    QuantizedTensor result{scheme.config(), job.plan.dtype(), job.plan.shape(), {}};
    for (const auto& part : scheme.layout(result.dtype, result.shape)) {
      result.parts.push_back({part.suffix, allocate(part.shape, part.dtype, device)});
    }
    if (result.shape[0] == 0) scheme.encode(nullptr, 0, 0, result);
    for_each_row_window(
        bytes, matrix, pipeline, QuantizationScheme::kRowStep,
        [&](const std::byte* elements, int64_t first, int64_t rows) {
          scheme.encode(elements, first, rows, result);
        },
        done);
    for (auto& part : result.parts) part.tensor = place(part.tensor, device);
    return result;
  }

  void check_size(int64_t bytes) const {
    const int64_t limit = query_host_memory().limit_bytes;
    if (bytes > limit) {
      throw Error(ErrorCode::kResourceExhausted,
                  "it needs " + std::to_string(bytes) + " bytes, this process may use " +
                      std::to_string(limit),
                  "load a slice, or use a machine with more memory");
    }
  }

  Tensor allocate_on_host(const Shape& shape, DataType dtype) const {
    const int64_t bytes = bytes_of(dtype, shape.numel());
    check_size(bytes);
    return Tensor(allocate_host(bytes), shape, dtype);
  }

  // Where a result is written: at its destination if the host can write there.
  Tensor allocate(const Shape& shape, DataType dtype, const Device& device) {
    if (!device.is_cpu()) return allocate_on_host(shape, dtype);
    check_size(bytes_of(dtype, shape.numel()));
    return factory_.empty(shape, dtype, device);
  }

  Tensor place(const Tensor& result, const Device& device) {
    return device.is_cpu() ? result : factory_.place(result, device);
  }

  const WeightCatalogs& catalogs_;
  TensorFactory& factory_;
  const WeightLoaderConfig config_;
  ReaderCache readers_;
  const int threads_;
};

}  // namespace

WeightCatalogs create_weight_catalogs() {
  WeightCatalogs catalogs;
  register_sources(catalogs.sources);
  register_formats(catalogs.formats);
  register_transforms(catalogs.transforms);
  return catalogs;
}

std::unique_ptr<WeightLoader> create_weight_loader(const WeightCatalogs& catalogs,
                                                   TensorFactory& factory,
                                                   const WeightLoaderConfig& config) {
  check_config(config);
  return std::make_unique<CatalogWeightLoader>(catalogs, factory, config);
}

}  // namespace ferrum
