#pragma once
// Host memory that the loader itself owns, for results on their way to a device.

#include <cstdint>
#include <memory>

#include "ferrum/tensor/storage.h"

namespace ferrum {

// Uninitialised, 64-byte aligned. Throws kResourceExhausted.
std::shared_ptr<Storage> allocate_host(int64_t bytes);

}  // namespace ferrum
