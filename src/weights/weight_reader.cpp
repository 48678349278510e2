#include "ferrum/weights/weight_reader.h"

#include "ferrum/types/error.h"

namespace ferrum {
namespace {

class ExtentStorage : public Storage {
 public:
  explicit ExtentStorage(int64_t size) : Storage(nullptr, size, Device{"extent", 0}, false) {}
};

}  // namespace

std::shared_ptr<Storage> extent_storage(int64_t bytes) {
  return std::make_shared<ExtentStorage>(bytes);
}

void WeightReader::decode(std::string_view name, int64_t, int64_t,
                          FunctionRef<void(std::span<const std::byte>)>) const {
  throw Error(ErrorCode::kInternal, "format " + metadata().format + " does not decode tensor '" +
                                        std::string(name) + "'");
}

}  // namespace ferrum
