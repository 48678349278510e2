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
#include "weights/prefetch.h"
#include "weights/reader_cache.h"
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

// Whether `tensor` is what was asked for, as it lies.
bool is_result(const Tensor& tensor, const ElementPipeline& pipeline) {
  return pipeline.empty() && tensor.device().is_cpu() && tensor.is_contiguous() &&
         is_aligned(tensor);
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
    const TensorBytes bytes(*job.reader, job.name, job.info);
    ElementPipeline pipeline(job.info.dtype);
    if (bytes.swap()) pipeline.add(*bytes.swap());
    const auto no_bytes = [](const Tensor& view, ElementPipeline& steps) {
      const auto extent = extent_storage(bytes_of(steps.output(), view.numel()));
      return Tensor(extent, view.shape(), steps.output());
    };
    const Tensor arranged = job.plan.arrange(bytes.view(), pipeline, no_bytes);
    return {job.plan.dtype(), job.plan.shape(), is_result(arranged, pipeline)};
  }

  std::vector<Tensor> load_tensors(std::span<const TensorSpec> specs, std::stop_token stop,
                                   const LoadProgress& progress) override {
    std::vector<Job> jobs;
    jobs.reserve(specs.size());
    int64_t total = 0;
    for (const TensorSpec& spec : specs) {
      jobs.push_back(prepare(spec));
      total += jobs.back().info.size_bytes;
    }
    LoadMeter meter(std::move(stop), progress, total);
    std::vector<Tensor> tensors(jobs.size());
    work_in_parallel(static_cast<int64_t>(jobs.size()), threads_, [&](int64_t i) {
      meter.check();
      const Job& job = jobs[static_cast<size_t>(i)];
      tensors[static_cast<size_t>(i)] = with_context(*job.spec, job.name, [&] {
        TensorMeter share(meter, job.info.size_bytes);
        Tensor tensor = load(job, share);
        share.finish();
        return tensor;
      });
    });
    return tensors;
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

  void preload(const WeightSource& source, std::stop_token stop,
               const LoadProgress& progress) override {
    const SourcePart& part = catalogs_.sources.get(source.kind);
    if (part.fetch && config_.enable_caching) {
      return part.fetch(source, config_, std::move(stop), progress);
    }
    const int readers = config_.max_concurrent_loads > 0 ? threads_ : kPreloadReaders;
    prefetch_all(*readers_.open_bytes(source), readers, stop, progress);
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
  Job prepare(const TensorSpec& spec) {
    const std::string& name = spec.source.tensor_name.value_or(spec.name);
    auto reader = readers_.open(spec.source);
    const auto& tensors = reader->metadata().tensors;
    const auto it = tensors.find(name);
    if (it == tensors.end()) {
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
        transformations.push_back(TensorTransformation::cast(*spec.dtype));
        plan = TransformPlan(catalogs_.transforms, transformations, info);
      }
      if (spec.shape && !(*spec.shape == plan.shape())) {
        throw Error(ErrorCode::kInvalidArgument, "its shape is " + to_string(plan.shape()) +
                                                     ", expected " + to_string(*spec.shape));
      }
      return Job{&spec, name, std::move(reader), info, std::move(plan)};
    });
  }

  Tensor load(const Job& job, TensorMeter& meter) {
    const TensorBytes bytes(*job.reader, job.name, job.info);
    ElementPipeline pipeline(job.info.dtype);
    if (bytes.swap()) pipeline.add(*bytes.swap());
    const auto done = [&](int64_t count) { meter.add(count); };
    const Tensor arranged =
        job.plan.arrange(bytes.view(), pipeline, [&](const Tensor& view, ElementPipeline& steps) {
          const int64_t size = bytes_of(steps.output(), view.numel());
          check_size(size);
          const Tensor gathered(allocate_host(size), view.shape(), steps.output());
          bytes.gather(view, steps, static_cast<std::byte*>(gathered.mutable_raw_data()), done);
          return gathered;
        });
    if (is_result(arranged, pipeline)) return factory_.place(arranged, job.spec->device);
    const Tensor result = allocate_result(job);
    bytes.gather(arranged, pipeline, static_cast<std::byte*>(result.mutable_raw_data()), done);
    return place(result, job.spec->device);
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

  // Where the result is written: at its destination if the host can write there.
  Tensor allocate_result(const Job& job) {
    const int64_t bytes = bytes_of(job.plan.dtype(), job.plan.shape().numel());
    check_size(bytes);
    if (job.spec->device.is_cpu()) {
      return factory_.empty(job.plan.shape(), job.plan.dtype(), job.spec->device);
    }
    return Tensor(allocate_host(bytes), job.plan.shape(), job.plan.dtype());
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
