// Any bytes as a pickle: refused with an Error, or data of which every value can be looked at.

#include <cstdint>

#include "ferrum/types/error.h"
#include "weights/formats/pytorch/unpickler.h"

namespace ferrum {
namespace {

void look_at(const Pickle& pickle, PickleId id) {
  size_t text = pickle.find_text(id).value_or("").size();
  for (const PickleId item : pickle.items(id)) text += pickle.size() - 1 - item;
  if (const auto state = pickle.find_state(id)) text += pickle.size() - 1 - *state;
  if (pickle.is(id, PickleKind::kCall)) {
    text += pickle.global(pickle.callee(id)).name.size();
    text += pickle.items(pickle.arguments(id)).size();
  }
  if (pickle.is(id, PickleKind::kPersistent)) text += pickle.persistent_id(id);
  if (text > size_t{1} << 48) std::abort();  // a value that is none
}

}  // namespace
}  // namespace ferrum

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ferrum;
  try {
    PickleInput input(std::as_bytes(std::span(data, size)), "fuzz.pkl");
    const Pickle pickle = read_pickle(input);
    if (pickle.root() >= pickle.size()) std::abort();
    for (PickleId id = 0; id < pickle.size(); ++id) look_at(pickle, id);
  } catch (const Error&) {
  }
  return 0;
}
