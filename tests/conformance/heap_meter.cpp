// Counts what operator new and aligned_alloc hand out, in every binary that links this file.

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "conformance/capability_checks.h"

namespace {

std::atomic<int64_t> taken{0};

void* counted(void* block, size_t size) {
  if (!block) throw std::bad_alloc();
  taken += static_cast<int64_t>(size);
  return block;
}

}  // namespace

void* operator new(size_t size) { return counted(std::malloc(size ? size : 1), size); }
void* operator new(size_t size, std::align_val_t alignment) {
  return counted(memalign(static_cast<size_t>(alignment), size), size);
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, size_t) noexcept { std::free(block); }
void operator delete(void* block, std::align_val_t) noexcept { std::free(block); }
void operator delete(void* block, size_t, std::align_val_t) noexcept { std::free(block); }

extern "C" void* aligned_alloc(size_t alignment, size_t size) noexcept {
  taken += static_cast<int64_t>(size);
  return memalign(alignment, size);
}

namespace ferrum::conformance {

int64_t heap_bytes_taken() { return taken; }

}  // namespace ferrum::conformance
