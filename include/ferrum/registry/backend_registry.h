#pragma once
// The backends and weight loaders of one process, by name, and the choice among them. Seed names:
// BackendRegistry, find_best_compute_backend.
//
// Built once in the composition root and passed down; there is no global one. Not thread-safe
// while members are registered, immutable and so safe to share afterwards.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ferrum/backends/compute_backend.h"
#include "ferrum/types/json.h"
#include "ferrum/weights/weight_loader.h"

namespace ferrum {

// Why a backend was not chosen.
struct RejectedBackend {
  std::string name;
  int score = 0;                     // 0 where a requirement is not met
  std::vector<std::string> reasons;  // one sentence each, never empty
};
void to_json(Json& json, const RejectedBackend& rejected);
void from_json(const Json& json, RejectedBackend& rejected);

struct BackendChoice {
  ComputeBackend* backend = nullptr;  // null where none meets the requirements
  std::string name;
  int score = 0;
  std::vector<RejectedBackend> rejected;
};
// Without the pointer: what was chosen and why.
void to_json(Json& json, const BackendChoice& choice);

// The score of a backend that meets the requirements: 1, plus
//   100  for a device other than the CPU
//    10  each for flash attention and paged attention
//     5  each for fp16, bf16 and int8
//     2  each for tensor parallelism, pipeline parallelism, custom kernels and CUDA graphs
int backend_score(const BackendCapabilities& capabilities);

class BackendRegistry {
 public:
  BackendRegistry();
  ~BackendRegistry();
  BackendRegistry(const BackendRegistry&) = delete;
  BackendRegistry& operator=(const BackendRegistry&) = delete;

  // Throw kInvalidArgument for a null member or a name that is taken.
  void register_compute_backend(std::string name, std::unique_ptr<ComputeBackend> backend);
  void register_weight_loader(std::string name, std::unique_ptr<WeightLoader> loader);

  // Null when absent. Owned by the registry.
  ComputeBackend* get_compute_backend(std::string_view name) const;
  WeightLoader* get_weight_loader(std::string_view name) const;

  // The highest score among those that meet all requirements, the first registered among equals,
  // and for every other one why not.
  BackendChoice find_best_compute_backend(const BackendRequirements& requirements) const;

  // In order of registration.
  std::vector<std::string> list_backend_names() const;
  std::vector<std::string> list_weight_loader_names() const;

 private:
  template <class T>
  struct Member {
    std::string name;
    std::unique_ptr<T> value;
  };
  template <class T>
  using Members = std::vector<Member<T>>;

  // Weight loaders go first: their tensors may lie on a backend.
  Members<ComputeBackend> backends_;
  Members<WeightLoader> loaders_;
};

}  // namespace ferrum
