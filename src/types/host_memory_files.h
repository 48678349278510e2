#pragma once
// The part of query_host_memory() that reads files: /proc/meminfo and the cgroups below `root`.

#include <string>

#include "ferrum/types/host_memory.h"

namespace ferrum {

HostMemory read_host_memory(const std::string& root);

}  // namespace ferrum
