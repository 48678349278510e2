#pragma once
// A model opened from its files and run step by step, without the engine's scheduler: so that a
// test sees every logit.

#include <memory>
#include <string>
#include <vector>

#include "engine/file_model_source.h"
#include "engine/kv_cache.h"
#include "ferrum/engine/parts.h"

namespace ferrum {

class ModelHarness {
 public:
  struct Options {
    std::optional<DataType> dtype;
    DataType activation_dtype;
    std::string isa;  // empty: the best
  };
  ModelHarness(const std::string& directory, const Options& options);

  // Logits of every position of the prompt, which is run in steps of `chunk` tokens.
  std::vector<std::vector<float>> logits(const std::vector<int32_t>& prompt, int64_t chunk);

  // Bytes that Model::forward took from the heap in the last step.
  int64_t heap_bytes_of_last_step() const { return heap_bytes_; }

 private:
  static constexpr int64_t kMaxTokens = 128;

  template <class T>
  Tensor tensor(const std::vector<T>& values, const Shape& shape) {
    return backend_->tensor_factory().from_values<T>(values, shape, Device::cpu());
  }
  void step(const std::vector<int32_t>& prompt, int64_t first, int64_t count,
            std::vector<std::vector<float>>& logits);

  Parts parts_ = create_parts();
  std::unique_ptr<ComputeBackend> backend_;
  std::unique_ptr<FileModelSource> source_;
  std::unique_ptr<ModelSpec> spec_;
  std::unique_ptr<Model> model_;
  std::unique_ptr<KvCache> cache_;
  int64_t heap_bytes_ = 0;
};

}  // namespace ferrum
