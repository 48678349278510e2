#pragma once
// The tensors of a checkpoint by name: nested dicts and lists, joined by dots.

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "ferrum/types/json.h"
#include "weights/formats/pytorch/torch_container.h"

namespace ferrum {

inline constexpr size_t kMaxTorchTensors = size_t{1} << 20;
inline constexpr size_t kMaxTorchNameBytes = 1024;
inline constexpr int kMaxTorchDepth = 64;  // of containers in containers

struct StateDict {
  std::map<std::string, TorchTensor, std::less<>> tensors;
  std::map<std::string, std::string, std::less<>> unreadable;  // those that cannot be loaded: why
  Json extra = Json::object();  // numbers and short texts beside the tensors, by name
};

// `key` names the part that is wanted, as a path of keys joined by dots. Without it that is what
// the checkpoint has under one of "state_dict", "model_state_dict" and "model", or all of it.
// `name` is what a tensor that is alone is called. Throws kInvalidFormat naming the tensor,
// kNotFound for a key that is not there, kInvalidArgument where several parts might be meant; both
// list the keys.
StateDict read_state_dict(const TorchContainer& container, const std::optional<std::string>& key,
                          const std::string& name);

}  // namespace ferrum
