#pragma once
// The parts of query_host_memory().

#include <cstdint>
#include <optional>
#include <string>

#include "ferrum/types/host_memory.h"

namespace ferrum {

// What the files say: /proc/meminfo and the cgroups below `root`.
HostMemory read_host_memory(const std::string& root);

// RLIMIT_AS (ulimit -v) of this process, and what it leaves. Nothing where there is no limit.
struct AddressSpace {
  int64_t limit_bytes;
  int64_t left_bytes;
};
std::optional<AddressSpace> query_address_space();

}  // namespace ferrum
