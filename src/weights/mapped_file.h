#pragma once
// A file on this machine as a byte source: mapped read-only, its bytes used in place.

#include <memory>
#include <string>

#include "ferrum/weights/byte_source.h"

namespace ferrum {

// Holds `keep`, such as a lock, until the source and every view of its bytes are gone. Throws as
// OpenFile; kIo where the file cannot be mapped.
std::unique_ptr<ByteSource> open_mapped_file(const std::string& path,
                                             std::shared_ptr<const void> keep = nullptr);

}  // namespace ferrum
