#pragma once
// Working memory that a group of ops keeps between calls, so that a step allocates nothing.

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace ferrum::cpu {

// Bytes aligned to a page; their contents are unspecified after reserve.
class Scratch {
 public:
  // At least `bytes`. Throws kResourceExhausted.
  char* reserve(int64_t bytes);

 private:
  struct Free { void operator()(char* p) const; };
  std::unique_ptr<char, Free> data_;
  int64_t size_ = 0;
};

// One Scratch per concurrent caller. Thread-safe.
class ScratchPool {
 public:
  class Lease {
   public:
    explicit Lease(ScratchPool& pool);
    ~Lease();
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Scratch& operator*() { return scratch_; }

   private:
    ScratchPool& pool_;
    Scratch scratch_;
  };

 private:
  std::mutex mutex_;
  std::vector<Scratch> idle_;
};

}  // namespace ferrum::cpu
