#include "weights/formats/pytorch/torch_container.h"

#include "ferrum/types/checked.h"
#include "ferrum/types/error.h"

namespace ferrum {

TorchStorageId read_storage_id(const Pickle& pickle, PickleId persistent) {
  const auto refuse = [](const std::string& why) {
    throw Error(ErrorCode::kInvalidFormat, "its storage " + why);
  };
  const auto items = pickle.items(pickle.persistent_id(persistent));
  if (items.size() < 5 || pickle.find_text(items[0]) != "storage") refuse("has another id");
  if (!pickle.is(items[1], PickleKind::kGlobal) ||
      pickle.global(items[1]).role != TorchRole::kStorageClass) {
    refuse("is of no known class");
  }
  const auto key = pickle.find_text(items[2]);
  const auto elements = pickle.find_integer(items[4]);
  if (!key || !elements || *elements < 0) refuse("has no key or no number of elements");
  const TorchType* type = pickle.global(items[1]).type;
  const auto bytes = checked_mul(*elements, type->bytes);
  if (!bytes) refuse("has " + std::to_string(*elements) + " elements");
  const bool whole = items.size() < 6 || pickle.is(items[5], PickleKind::kNone);
  return {type, std::string(*key), *bytes, whole ? std::nullopt : std::optional(items[5])};
}

}  // namespace ferrum
