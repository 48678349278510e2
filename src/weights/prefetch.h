#pragma once
// Brings a whole source near, several pieces at once: what a medium needs to be busy, however few
// processors there are.

#include <algorithm>
#include <cstdint>

#include "ferrum/weights/byte_source.h"
#include "weights/load_meter.h"
#include "weights/work_in_parallel.h"

namespace ferrum {

// `threads`: pieces of 8 MiB under way. Throws as ByteSource::prefetch, and kCancelled.
inline void prefetch_all(const ByteSource& bytes, int threads, const std::stop_token& stop,
                         const LoadProgress& progress) {
  constexpr int64_t kPieceBytes = int64_t{8} << 20;
  const int64_t size = bytes.size();
  LoadMeter meter(stop, progress, size);
  work_in_parallel((size + kPieceBytes - 1) / kPieceBytes, threads, [&](int64_t i) {
    meter.check();
    const int64_t offset = i * kPieceBytes, count = std::min(kPieceBytes, size - offset);
    bytes.prefetch(offset, count);
    meter.add(count);
  });
}

}  // namespace ferrum
