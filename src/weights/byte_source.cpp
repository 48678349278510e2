#include "ferrum/weights/byte_source.h"

#include <algorithm>
#include <vector>

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

void ByteSource::stream(int64_t offset, int64_t bytes,
                        FunctionRef<void(std::span<const std::byte>)> sink) const {
  constexpr int64_t kChunkBytes = int64_t{1} << 20;
  check_range(offset, bytes);
  std::vector<std::byte> buffer(static_cast<size_t>(std::min(kChunkBytes, bytes)));
  for (int64_t done = 0; done < bytes; done += kChunkBytes) {
    const auto count = static_cast<size_t>(std::min(kChunkBytes, bytes - done));
    const std::span<std::byte> chunk(buffer.data(), count);
    read(offset + done, chunk);
    sink(chunk);
  }
}

}  // namespace ferrum
