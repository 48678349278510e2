#include "weights/formats/pytorch/tensor_rebuild.h"

#include <string>
#include <vector>

#include "ferrum/types/error.h"

namespace ferrum {
namespace {

constexpr int kMaxWrappers = 16;  // a parameter of a subclass of a tensor of ...

[[noreturn]] void refuse(const std::string& why, ErrorCode code = ErrorCode::kInvalidFormat) {
  throw Error(code, why);
}

class Rebuild {
 public:
  explicit Rebuild(const TorchContainer& container)
      : container_(container), pickle_(container.pickle()) {}

  TorchTensor run(PickleId id) const {
    for (int i = 0; i < kMaxWrappers; ++i) {
      if (pickle_.is(id, PickleKind::kPersistent)) return persistent(id);
      if (!pickle_.is(id, PickleKind::kCall)) {
        refuse("it is made of " + std::string(to_string(pickle_.kind(id))));
      }
      PickleId callee = pickle_.callee(id);
      auto arguments = pickle_.items(pickle_.arguments(id));
      if (pickle_.global(callee).role == TorchRole::kRebuildAs) {
        if (arguments.size() < 3 || !pickle_.is(arguments[0], PickleKind::kGlobal) ||
            !pickle_.is(arguments[2], PickleKind::kTuple)) {
          refuse_arguments(callee);
        }
        callee = arguments[0];
        arguments = pickle_.items(arguments[2]);
      }
      const TorchRole role = pickle_.global(callee).role;
      if (role != TorchRole::kRebuildOuter && role != TorchRole::kParameter) {
        return rebuild(id, callee, arguments);
      }
      if (arguments.empty()) refuse_arguments(callee);
      id = arguments[0];
    }
    refuse("it is wrapped more than " + std::to_string(kMaxWrappers) + " times");
  }

 private:
  [[noreturn]] void refuse_arguments(PickleId callee) const {
    refuse("it calls " + pickle_.global(callee).name + " with other arguments than it takes");
  }

  TorchTensor persistent(PickleId id) const {
    if (const TorchTensor* tensor = container_.find_tensor(id)) return *tensor;
    refuse("it refers to a storage where a tensor must be");
  }

  // What the innermost call makes; `id` is the value.
  TorchTensor rebuild(PickleId id, PickleId callee, std::span<const PickleId> arguments) const {
    const TorchGlobal& global = pickle_.global(callee);
    switch (global.role) {
      case TorchRole::kRebuildTensor:
        check_metadata(arguments, 6);
        return tensor(callee, arguments, nullptr);
      case TorchRole::kRebuildTyped:
        check_metadata(arguments, 7);
        return tensor(callee, arguments, type_argument(callee, arguments));
      case TorchRole::kTensorClass: {
        const auto state = pickle_.find_state(id);
        if (!arguments.empty() || !state) return tensor(callee, arguments, global.type);
        if (!pickle_.is(*state, PickleKind::kTuple)) refuse_arguments(callee);
        return tensor(callee, pickle_.items(*state), global.type);
      }
      case TorchRole::kUnsupported:
        refuse("it is made by " + global.name +
                   ", so that its elements do not lie in a storage as they are",
               ErrorCode::kUnsupported);
      default: refuse("it is made by " + global.name + ", which makes no tensor");
    }
  }

  const TorchType* type_argument(PickleId callee, std::span<const PickleId> arguments) const {
    constexpr size_t kPlace = 6;
    if (arguments.size() <= kPlace || !pickle_.is(arguments[kPlace], PickleKind::kGlobal) ||
        pickle_.global(arguments[kPlace]).role != TorchRole::kDtype) {
      refuse_arguments(callee);
    }
    return pickle_.global(arguments[kPlace]).type;
  }

  // A dict of flags, {"conj": True}: elements are yet to be conjugated or negated.
  void check_metadata(std::span<const PickleId> arguments, size_t place) const {
    if (arguments.size() <= place || !pickle_.is(arguments[place], PickleKind::kDict) ||
        pickle_.items(arguments[place]).empty()) {
      return;
    }
    throw Error(ErrorCode::kUnsupported, "its elements are yet to be conjugated or negated",
                "save tensor.resolve_conj().resolve_neg()");
  }

  // (storage, offset, size, stride, ...); the type of the storage where none is given.
  TorchTensor tensor(PickleId callee, std::span<const PickleId> arguments,
                     const TorchType* type) const {
    if (arguments.size() < 4 || !pickle_.is(arguments[0], PickleKind::kPersistent) ||
        !pickle_.is(arguments[1], PickleKind::kInteger)) {
      refuse_arguments(callee);
    }
    const TorchStorage storage = container_.storage(arguments[0]);
    return make_torch_tensor(storage, type ? *type : *storage.type, pickle_.integer(arguments[1]),
                             integers(callee, arguments[2]), integers(callee, arguments[3]));
  }

  // A tuple, a list, or torch.Size of either.
  std::vector<int64_t> integers(PickleId callee, PickleId id) const {
    if (pickle_.find_role(id) == TorchRole::kPlain) {
      const auto arguments = pickle_.items(pickle_.arguments(id));
      if (arguments.size() == 1) id = arguments[0];
    }
    if (!pickle_.is(id, PickleKind::kTuple) && !pickle_.is(id, PickleKind::kList)) {
      refuse_arguments(callee);
    }
    const auto items = pickle_.items(id);
    check_torch_rank(static_cast<int64_t>(items.size()));
    std::vector<int64_t> result;
    for (const PickleId item : items) {
      const auto value = pickle_.find_integer(item);
      if (!value) refuse_arguments(callee);
      result.push_back(*value);
    }
    return result;
  }

  const TorchContainer& container_;
  const Pickle& pickle_;
};

}  // namespace

bool is_torch_tensor(const TorchContainer& container, PickleId id) {
  const auto role = container.pickle().find_role(id);
  if (role) return *role != TorchRole::kOrderedDict && *role != TorchRole::kPlain;
  return container.pickle().is(id, PickleKind::kPersistent) && container.find_tensor(id);
}

TorchTensor read_torch_tensor(const TorchContainer& container, PickleId id) {
  return Rebuild(container).run(id);
}

}  // namespace ferrum
