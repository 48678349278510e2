#include "weights/host_buffer.h"

#include <new>
#include <string>

#include "ferrum/types/error.h"

namespace ferrum {
namespace {

constexpr std::align_val_t kAlignment{64};

class HostBuffer : public Storage {
 public:
  explicit HostBuffer(int64_t bytes)
      : Storage(operator new(static_cast<size_t>(bytes), kAlignment), bytes, Device::cpu(), true) {}
  ~HostBuffer() override { operator delete(data(), kAlignment); }
};

}  // namespace

std::shared_ptr<Storage> allocate_host(int64_t bytes) {
  try {
    return std::make_shared<HostBuffer>(bytes);
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::kResourceExhausted,
                "no " + std::to_string(bytes) + " bytes of host memory");
  }
}

}  // namespace ferrum
