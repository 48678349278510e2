#include "engine/file_model_source.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "ferrum/types/host_memory.h"

namespace ferrum {
namespace {

std::string listing(const std::vector<std::string>& names) {
  constexpr size_t kShown = 8;
  std::string text;
  for (size_t i = 0; i < std::min(names.size(), kShown); ++i) text += (i ? ", " : "") + names[i];
  if (names.size() > kShown) text += ", and " + std::to_string(names.size() - kShown) + " more";
  return text;
}

template <class T>
int64_t count_non_finite(const Tensor& tensor) {
  const T* data = tensor.data<T>();
  return std::count_if(data, data + tensor.numel(), [](T x) {
    if constexpr (std::is_same_v<T, float>) return !std::isfinite(x);
    else return !std::isfinite(to_float(x));
  });
}

int64_t count_non_finite(const Tensor& tensor, TensorFactory& factory) {
  const Tensor host =
      tensor.device().is_cpu() ? tensor : factory.to_device(tensor, Device::cpu());
  switch (host.dtype()) {
    case DataType::kF32: return count_non_finite<float>(host);
    case DataType::kF16: return count_non_finite<Float16>(host);
    case DataType::kBF16: return count_non_finite<BFloat16>(host);
    default: return 0;
  }
}

std::string layout_of(ComputeBackend& backend) {
  KernelOps* kernels = backend.kernel_ops();
  const LinearOps* linear = kernels ? kernels->linear() : nullptr;
  return std::string(backend.name()) + " " + backend.version() + " " +
         std::string(linear ? linear->weight_layout() : "rows");
}

}  // namespace

// Loads ahead in windows: within one, tensors load concurrently; and what a cast or another device
// needs twice is never more than a window.
class FileModelSource::Stream {
 public:
  Stream(FileModelSource& source, Device device, std::stop_token stop,
         OpenProgressCallback progress)
      : source_(source),
        device_(std::move(device)),
        stop_(std::move(stop)),
        progress_(std::move(progress)) {}

  Tensor get(const WeightDeclaration& weight) {
    if (!loaded_.contains(weight.name)) load_window(weight);
    Tensor tensor = std::move(loaded_.extract(weight.name).mapped());
    if (source_.check_finite_) check(weight.name, tensor);
    return tensor;
  }

 private:
  static constexpr int64_t kWindowBytes = 256 << 20;

  void load_window(const WeightDeclaration& first) {
    const auto& declared = source_.declared_;
    auto it = std::find_if(declared.begin(), declared.end(),
                           [&](const auto& each) { return each.name == first.name; });
    std::vector<ModelWeights::Request> requests;
    int64_t bytes = 0;
    for (; it != declared.end() && (requests.empty() || bytes < kWindowBytes); ++it) {
      const TensorInfo& info = source_.weights_->find(it->name)->info;
      bytes += info.size_bytes;
      requests.push_back(source_.request_of(*it));
    }
    const int64_t done = done_;
    std::vector<Tensor> tensors = load(requests, [&](int64_t part, int64_t) {
      report(done + part);
    });
    for (size_t i = 0; i < requests.size(); ++i) {
      loaded_.emplace(requests[i].name, std::move(tensors[i]));
    }
    done_ += bytes;
    report(done_);
  }

  std::vector<Tensor> load(const std::vector<ModelWeights::Request>& requests,
                           const LoadProgress& progress) {
    if (!source_.packed_) return source_.weights_->load(requests, device_, stop_, progress);
    std::vector<Tensor> tensors;
    for (const auto& request : requests) {
      tensors.push_back(source_.factory_.place(source_.packed_->get(request.name), device_));
    }
    return tensors;
  }

  void report(int64_t done) {
    if (progress_) progress_({"weights", done, total()});
  }

  int64_t total() const {
    int64_t bytes = 0;
    for (const auto& each : source_.declared_) {
      bytes += source_.weights_->find(each.name)->info.size_bytes;
    }
    return bytes;
  }

  void check(const std::string& name, const Tensor& tensor) {
    const int64_t count = count_non_finite(tensor, source_.factory_);
    if (count == 0) return;
    source_.warnings_.push_back("weight " + name + " holds " + std::to_string(count) +
                                " elements that are NaN or infinite");
  }

  FileModelSource& source_;
  Device device_;
  std::stop_token stop_;
  OpenProgressCallback progress_;
  std::map<std::string, Tensor> loaded_;
  int64_t done_ = 0;
};

FileModelSource::FileModelSource(std::unique_ptr<ModelFiles> files, const Parts& parts,
                                 ComputeBackend& backend, const EngineConfig& config)
    : files_(std::move(files)),
      config_(read_json(*files_, "config.json")),
      catalogs_(parts.weights),
      loader_config_(config.weights),
      layout_(layout_of(backend)),
      factory_(backend.tensor_factory()),
      cast_(config.dtype),
      check_finite_(config.backend.enable_debug) {
  at_location(*files_, [&] { refuse_quantized(config_, parts.quantizations); });
  loader_ = create_weight_loader(parts.weights, factory_, config.weights);
}

void FileModelSource::prepare(const std::vector<WeightDeclaration>& weights) {
  weights_ = std::make_unique<ModelWeights>(*files_, *loader_);
  check_present(weights);
  std::map<DataType, int64_t> elements_by_dtype;
  for (const WeightDeclaration& weight : weights) {
    const TensorInfo& info = weights_->find(weight.name)->info;
    check_fitting(weight, info);
    elements_by_dtype[planned_dtype(info)] += weight.shape.numel();
  }
  dtype_ = std::max_element(elements_by_dtype.begin(), elements_by_dtype.end(),
                            [](const auto& a, const auto& b) { return a.second < b.second; })
               ->first;
  declared_ = weights;
  note_unused(weights);
}

void FileModelSource::check_present(const std::vector<WeightDeclaration>& weights) const {
  std::vector<std::string> missing;
  for (const WeightDeclaration& weight : weights) {
    if (!weights_->find(weight.name)) missing.push_back(weight.name);
  }
  if (missing.empty()) return;
  throw Error(ErrorCode::kNotFound,
              files_->location() + " lacks " + std::to_string(missing.size()) +
                  " of the weights that its config.json asks for: " + listing(missing));
}

void FileModelSource::check_fitting(const WeightDeclaration& weight,
                                    const TensorInfo& info) const {
  if (!(info.shape == weight.shape)) {
    throw Error(ErrorCode::kInvalidFormat,
                files_->location() + ": tensor " + weight.name + " has the shape " +
                    to_string(info.shape) + "; config.json asks for " + to_string(weight.shape));
  }
  const std::string stored = files_->location() + ": tensor " + weight.name + " is stored as " +
                             std::string(to_string(info.dtype));
  if (!is_floating_point(info.dtype)) {
    throw Error(ErrorCode::kUnsupported,
                stored + ", not as floating-point numbers: perhaps the codes of a quantisation "
                         "that config.json does not name",
                "use the model's f32, f16 or bf16 checkpoint");
  }
  if (!is_weight_dtype(planned_dtype(info))) {
    throw Error(ErrorCode::kUnsupported, stored + ", which no kernel computes with",
                "cast the weights: --dtype bf16");
  }
}

void FileModelSource::note_unused(const std::vector<WeightDeclaration>& weights) {
  std::set<std::string, std::less<>> known;
  for (const WeightDeclaration& weight : weights) known.insert(weight.name);
  std::vector<std::string> unused;
  for (const auto& [name, entry] : weights_->tensors()) {
    // Two that old checkpoints hold by custom: a constant, and a copy of the tied embedding.
    if (name.ends_with("rotary_emb.inv_freq") || name == "lm_head.weight") continue;
    if (!known.contains(name)) unused.push_back(name);
  }
  for (const auto& [name, tensor] : weights_->unreadable()) unused.push_back(name);
  if (unused.empty()) return;
  warnings_.push_back("the model does not use " + std::to_string(unused.size()) +
                      " of the checkpoint's tensors: " + listing(unused));
}

int64_t FileModelSource::weight_bytes(std::optional<DataType> cast) const {
  int64_t total = 0;
  for (const WeightDeclaration& weight : declared_) {
    const TensorInfo& info = weights_->find(weight.name)->info;
    total += bytes_of(cast.value_or(planned_dtype(info)), weight.shape.numel());
  }
  return total;
}

ModelWeights::Request FileModelSource::request_of(const WeightDeclaration& weight) const {
  const TensorInfo& info = weights_->find(weight.name)->info;
  ModelWeights::Request request{weight.name, weight.shape, {}};
  if (planned_dtype(info) != info.dtype) {
    request.transformations.push_back(TensorTransformation::cast(planned_dtype(info)));
  }
  return request;
}

std::vector<ModelWeights::Request> FileModelSource::requests() const {
  std::vector<ModelWeights::Request> all;
  for (const WeightDeclaration& weight : declared_) all.push_back(request_of(weight));
  return all;
}

// Weight files that are not on this machine come whole into the cache, where loads then find them.
void FileModelSource::download(const std::stop_token& stop, const OpenProgressCallback& progress) {
  if (!loader_config_.enable_caching) return;
  for (const WeightSource& source : weights_->sources()) {
    if (is_on_this_machine(source)) continue;
    loader_->preload(source, stop, [&](int64_t done, int64_t total) {
      if (progress) progress({"download", done, total});
    });
  }
}

// What is used where it lies is read ahead at the speed of its medium, unless memory could not keep
// it. What is cast or decoded passes through a window.
void FileModelSource::read_ahead(const std::stop_token& stop,
                                 const OpenProgressCallback& progress) {
  const LoadProgress report = [&](int64_t done, int64_t total) {
    if (progress) progress({"reading", done, total});
  };
  if (weights_->total_size_bytes() > query_host_memory().available_bytes) return;
  if (packed_) return packed_->preload(stop, report);
  const std::vector<LoadPlan> plans = weights_->plan(requests());
  if (!std::all_of(plans.begin(), plans.end(), [](const auto& plan) { return plan.in_place; })) {
    return;
  }
  for (const WeightSource& source : weights_->sources()) {
    if (is_on_this_machine(source)) loader_->preload(source, stop, report);
  }
}

// Without a cache that can be written, every start does the work anew.
void FileModelSource::pack(const std::stop_token& stop, const OpenProgressCallback& progress) try {
  const std::vector<ModelWeights::Request> all = requests();
  packed_ = PackedWeights::open({*weights_, all, files_->location(), layout_}, catalogs_,
                                loader_config_, stop, [&](int64_t done, int64_t total) {
                                  if (progress) progress({"weights", done, total});
                                });
} catch (const Error& error) {
  const ErrorCode code = error.code();
  if (code != ErrorCode::kIo && code != ErrorCode::kResourceExhausted &&
      code != ErrorCode::kUnsupported) {
    throw;
  }
  warnings_.push_back("the prepared weights are not kept for the next start: " +
                      std::string(error.what()));
}

WeightLookup FileModelSource::lookup(const Device& device, std::stop_token stop,
                                     const OpenProgressCallback& progress) {
  download(stop, progress);
  pack(stop, progress);
  read_ahead(stop, progress);
  auto stream = std::make_shared<Stream>(*this, device, std::move(stop), progress);
  return [stream](const WeightDeclaration& weight) { return stream->get(weight); };
}

}  // namespace ferrum
