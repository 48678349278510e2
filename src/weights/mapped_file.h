#pragma once
// A file on this machine as a byte source: mapped read-only, its bytes used in place.

#include <memory>
#include <string>

#include "ferrum/weights/byte_source.h"

namespace ferrum {

// Throws as OpenFile; kIo where the file cannot be mapped.
std::unique_ptr<ByteSource> open_mapped_file(const std::string& path);

// The same under another name in messages. Holds `keep`, such as a lock, until the source and every
// view of its bytes are gone.
std::unique_ptr<ByteSource> open_mapped_file(const std::string& path, std::string name,
                                             std::shared_ptr<const void> keep);

}  // namespace ferrum
