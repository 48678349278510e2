#include "ferrum/weights/byte_source.h"

#include "ferrum/types/checked.h"
#include "ferrum/types/error.h"

namespace ferrum {

void ByteSource::check_range(int64_t offset, int64_t bytes) const {
  const auto end = checked_add(offset, bytes);
  if (offset < 0 || bytes < 0 || !end || *end > size()) {
    throw Error(ErrorCode::kInvalidArgument,
                std::to_string(bytes) + " bytes at " + std::to_string(offset) + " of " + name() +
                    ", which has " + std::to_string(size()));
  }
}

}  // namespace ferrum
