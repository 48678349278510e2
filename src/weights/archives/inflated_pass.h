#pragma once
// One pass through a deflated entry of an archive, forwards.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "ferrum/types/function_ref.h"
#include "weights/archives/inflater.h"
#include "weights/archives/zip_archive.h"

namespace ferrum {

class InflatedPass {
 public:
  // The deflated bytes begin at `data`. `what` names the entry in messages. Borrows `source`.
  InflatedPass(const ByteSource& source, const ZipArchive::Entry& entry, int64_t data,
               std::string what);

  int64_t position() const { return inflater_.position(); }

  // As ZipArchive::stream, from position() on; of no further use after it has thrown.
  void stream(int64_t begin, int64_t end, FunctionRef<void(std::span<const std::byte>)> sink);

 private:
  const ByteSource& source_;
  const int64_t data_, deflated_bytes_, bytes_;
  const uint32_t crc32_;
  int64_t taken_ = 0;  // of the deflated bytes
  Inflater inflater_;
};

}  // namespace ferrum
