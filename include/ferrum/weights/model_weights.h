#pragma once
// All tensors of a model, over one file or the shards of an index.

#include <map>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "ferrum/weights/model_files.h"
#include "ferrum/weights/weight_loader.h"

namespace ferrum {

class ModelWeights {
 public:
  // Reads the headers of the first of these that is there: model.safetensors, every shard that
  // model.safetensors.index.json names, pytorch_model.bin, the shards of its index, model.gguf.
  // Throws kNotFound naming all missing shards (or the files that are there when none is a weight
  // file), kInvalidFormat for an index that points outside the model, names a tensor that its shard
  // lacks, or shards that hold a tensor twice. Borrows `loader`.
  ModelWeights(const ModelFiles& files, WeightLoader& loader);

  struct Entry {
    TensorInfo info;
    WeightSource source;
  };
  const std::map<std::string, Entry, std::less<>>& tensors() const { return tensors_; }
  // As WeightMetadata has them.
  struct Unreadable {
    std::string why;
    WeightSource source;
  };
  const std::map<std::string, Unreadable, std::less<>>& unreadable() const { return unreadable_; }
  // Null where there is none. Throws kUnsupported for one that is unreadable.
  const Entry* find(std::string_view name) const;
  int64_t total_size_bytes() const;
  const std::vector<WeightSource>& sources() const { return sources_; }  // each file once

  // Loads by name, with the shape expected after the transformations, onto `device`. Throws
  // kNotFound with near names, and as find() and WeightLoader.
  struct Request {
    std::string name;
    Shape shape;
    std::vector<TensorTransformation> transformations;
  };
  // What they would be, from headers alone. Throws as `load` does before it reads.
  std::vector<LoadPlan> plan(std::span<const Request> requests) const;
  std::vector<Tensor> load(std::span<const Request> requests, const Device& device,
                           std::stop_token stop = {}, const LoadProgress& progress = {}) const;

 private:
  void add(const std::string& shard, const WeightSource& source);
  // The file that holds a tensor, readable or not; null where none does.
  const WeightSource* source_of(const std::string& tensor) const;
  std::vector<TensorSpec> specs_of(std::span<const Request> requests, const Device& device) const;

  std::map<std::string, Entry, std::less<>> tensors_;
  std::map<std::string, Unreadable, std::less<>> unreadable_;
  std::vector<WeightSource> sources_;
  WeightLoader& loader_;
  std::string location_;
};

}  // namespace ferrum
