#include "ferrum/weights/model_weights.h"

#include <algorithm>
#include <array>

#include "ferrum/types/error.h"
#include "weights/near_names.h"
#include "weights/weight_index.h"

namespace ferrum {
namespace {

// Where the tensors may be: the first of these that is there. An index lists files and is .json;
// model.gguf is presented by a model that is one file.
constexpr std::array<std::string_view, 5> kCandidates{
    "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin",
    "pytorch_model.bin.index.json", "model.gguf"};

std::string list(const std::vector<std::string>& names) {
  constexpr size_t kShown = 1000;
  std::string text;
  for (size_t i = 0; i < std::min(names.size(), kShown); ++i) {
    text += (i > 0 ? ", " : "") + names[i];
  }
  if (names.size() > kShown) text += " and " + std::to_string(names.size() - kShown) + " more";
  return text;
}

[[noreturn]] void fail_without_weights(const ModelFiles& files) {
  const std::vector<std::string> names = files.names();
  throw Error(ErrorCode::kNotFound,
              files.location() + " has none of " + list({kCandidates.begin(), kCandidates.end()}),
              names.empty() ? "nothing else was found there either; check the name"
                            : "it holds " + list(names));
}

std::string choose_candidate(const ModelFiles& files) {
  for (const std::string_view name : kCandidates) {
    if (files.contains(name)) return std::string(name);
  }
  fail_without_weights(files);
}

}  // namespace

ModelWeights::ModelWeights(const ModelFiles& files, WeightLoader& loader)
    : loader_(loader), location_(files.location()) {
  std::map<std::string, std::string, std::less<>> index;  // tensor to file
  std::map<std::string, WeightSource, std::less<>> shards;
  const std::string chosen = choose_candidate(files);
  if (chosen.ends_with(".json")) {
    index = parse_weight_index(files.read_text(chosen, kMaxWeightIndexBytes),
                               location_ + "/" + chosen);
    for (const auto& [tensor, file] : index) shards[file] = {};
  } else {
    shards[chosen] = {};
  }
  std::vector<std::string> missing;
  for (auto& [shard, source] : shards) {
    if (files.contains(shard)) source = files.weight_source(shard);
    else missing.push_back(shard);
  }
  if (!missing.empty()) {
    throw Error(ErrorCode::kNotFound,
                location_ + " lacks " + std::to_string(missing.size()) + " of " +
                    std::to_string(shards.size()) + " weight files: " + list(missing),
                "download the missing files");
  }
  for (const auto& [shard, source] : shards) add(shard, source);
  for (const auto& [tensor, file] : index) {
    const WeightSource* source = source_of(tensor);
    if (!source || source->location != shards[file].location) {
      throw Error(ErrorCode::kInvalidFormat, location_ + "/" + chosen + " places tensor '" +
                                                 tensor + "' in " + file +
                                                 ", which does not hold it");
    }
  }
}

void ModelWeights::add(const std::string& shard, const WeightSource& source) {
  const auto check_new = [&](const std::string& tensor) {
    const WeightSource* other = source_of(tensor);
    if (!other) return;
    throw Error(ErrorCode::kInvalidFormat,
                "tensor '" + tensor + "' is both in " + other->to_string() + " and in " + shard);
  };
  const WeightMetadata metadata = loader_.get_metadata(source);
  for (const auto& [name, info] : metadata.tensors) {
    check_new(name);
    tensors_[name] = {info, source};
  }
  for (const auto& [name, why] : metadata.unreadable) {
    check_new(name);
    unreadable_[name] = {why, source};
  }
  sources_.push_back(source);
}

const WeightSource* ModelWeights::source_of(const std::string& tensor) const {
  if (const auto it = tensors_.find(tensor); it != tensors_.end()) return &it->second.source;
  const auto it = unreadable_.find(tensor);
  return it == unreadable_.end() ? nullptr : &it->second.source;
}

const ModelWeights::Entry* ModelWeights::find(std::string_view name) const {
  if (const auto it = tensors_.find(name); it != tensors_.end()) return &it->second;
  const auto it = unreadable_.find(name);
  if (it == unreadable_.end()) return nullptr;
  throw Error(ErrorCode::kUnsupported, "tensor '" + it->first + "' of " +
                                           it->second.source.to_string() +
                                           " cannot be loaded: " + it->second.why);
}

int64_t ModelWeights::total_size_bytes() const {
  int64_t total = 0;
  for (const auto& [name, entry] : tensors_) total += entry.info.size_bytes;
  return total;
}

std::vector<TensorSpec> ModelWeights::specs_of(std::span<const Request> requests,
                                              const Device& device) const {
  std::vector<TensorSpec> specs;
  specs.reserve(requests.size());
  for (const Request& request : requests) {
    const Entry* entry = find(request.name);
    if (!entry) {
      std::vector<std::string_view> names;
      for (const auto& [name, known] : tensors_) names.push_back(name);
      throw Error(ErrorCode::kNotFound, location_ + " has no tensor '" + request.name + "'",
                  near_names_hint(request.name, names));
    }
    specs.push_back({request.name, request.shape, std::nullopt, device, entry->source,
                     request.transformations});
  }
  return specs;
}

std::vector<LoadPlan> ModelWeights::plan(std::span<const Request> requests) const {
  std::vector<LoadPlan> plans;
  for (const TensorSpec& spec : specs_of(requests, Device::cpu())) {
    plans.push_back(loader_.plan_load(spec));
  }
  return plans;
}

std::vector<Tensor> ModelWeights::load(std::span<const Request> requests, const Device& device,
                                       std::stop_token stop, const LoadProgress& progress) const {
  return loader_.load_tensors(specs_of(requests, device), std::move(stop), progress);
}

}  // namespace ferrum
