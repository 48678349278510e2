#pragma once
// Sizes in bytes, for people.

#include <cstdint>
#include <string>

namespace ferrum {

// "512 B", "1.5 KiB", "100.0 MiB", "1.21 GiB".
std::string format_bytes(int64_t bytes);

}  // namespace ferrum
