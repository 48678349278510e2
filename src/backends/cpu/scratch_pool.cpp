#include "backends/cpu/scratch_pool.h"

#include <sys/mman.h>

#include <cstdlib>
#include <string>
#include <utility>

#include "ferrum/types/error.h"

namespace ferrum::cpu {
namespace {

constexpr int64_t kPage = 4096;
constexpr int64_t kHugePage = 2 << 20;

}  // namespace

void Scratch::Free::operator()(char* p) const { std::free(p); }

char* Scratch::reserve(int64_t bytes) {
  if (bytes <= size_) return data_.get();
  // Kernels walk large scratch again and again; on small pages it would not fit the TLB.
  const int64_t page = bytes >= kHugePage ? kHugePage : kPage;
  const int64_t size = (bytes + page - 1) / page * page;
  data_.reset();
  size_ = 0;
  data_.reset(static_cast<char*>(
      std::aligned_alloc(static_cast<size_t>(page), static_cast<size_t>(size))));
  if (!data_) {
    throw Error(ErrorCode::kResourceExhausted,
                "could not allocate " + std::to_string(size) + " bytes of working memory",
                "process fewer tokens per step");
  }
  if (page == kHugePage) madvise(data_.get(), static_cast<size_t>(size), MADV_HUGEPAGE);
  size_ = size;
  return data_.get();
}

ScratchPool::Lease::Lease(ScratchPool& pool) : pool_(pool) {
  const std::lock_guard lock(pool_.mutex_);
  if (pool_.idle_.empty()) return;
  scratch_ = std::move(pool_.idle_.back());
  pool_.idle_.pop_back();
}

ScratchPool::Lease::~Lease() {
  const std::lock_guard lock(pool_.mutex_);
  pool_.idle_.push_back(std::move(scratch_));
}

}  // namespace ferrum::cpu
