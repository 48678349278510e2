#include <cstring>

#include "backends/cpu/kernels/probe_kernels.h"

namespace ferrum::cpu {
namespace {

uint64_t read(const void* from, int64_t bytes) {
  const char* const p = static_cast<const char*>(from);
  const int64_t apart = bytes / 4;
  uint64_t sums[4] = {};
  for (int64_t i = 0; i < apart; i += 8) {
    for (int s = 0; s < 4; ++s) {
      uint64_t word;
      std::memcpy(&word, p + s * apart + i, sizeof word);
      sums[s] ^= word;
    }
  }
  return sums[0] ^ sums[1] ^ sums[2] ^ sums[3];
}

int64_t multiply_add() {
  constexpr int64_t kSteps = 4000;
  constexpr int kSums = 8;
  float sums[kSums] = {};
  float factor = 1.0f;
  __asm__ volatile("" : "+m"(factor));  // unknown to the compiler
  for (int64_t i = 0; i < kSteps; ++i) {
    for (float& sum : sums) sum = sum * factor + factor;
  }
  __asm__ volatile("" : : "m"(sums));
  return kSteps * kSums * 2;
}

}  // namespace

ProbeKernels probe_kernels_scalar() {
  return {.read = read, .f32 = {"scalar multiply and add", multiply_add}, .bf16 = {}, .int8 = {}};
}

}  // namespace ferrum::cpu
