#include "backends/cpu/scratch_pool.h"

#include <cstdlib>
#include <string>
#include <utility>

#include "ferrum/types/error.h"

namespace ferrum::cpu {
namespace {

constexpr int64_t kPage = 4096;

}  // namespace

void Scratch::Free::operator()(char* p) const { std::free(p); }

char* Scratch::reserve(int64_t bytes) {
  if (bytes <= size_) return data_.get();
  const int64_t size = (bytes + kPage - 1) / kPage * kPage;
  data_.reset();
  size_ = 0;
  data_.reset(static_cast<char*>(std::aligned_alloc(kPage, static_cast<size_t>(size))));
  if (!data_) {
    throw Error(ErrorCode::kResourceExhausted,
                "could not allocate " + std::to_string(size) + " bytes of working memory",
                "process fewer tokens per step");
  }
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
