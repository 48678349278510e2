#pragma once
// Whether what a backend says of itself is so: each check tries the ability and compares.

#include <string>
#include <vector>

#include "ferrum/backends/compute_backend.h"

namespace ferrum::conformance {

// One sentence for each claim of `claimed` that the ready `backend` does not keep, and for each
// ability that works without being claimed.
std::vector<std::string> false_claims(ComputeBackend& backend, const BackendCapabilities& claimed,
                                      const Device& device);

// Bytes that operator new and aligned_alloc have handed out so far, given back or not.
int64_t heap_bytes_taken();

}  // namespace ferrum::conformance
