#pragma once
// The loops behind MachineProbe: what one thread can read, multiply and add when nothing else is
// in its way. As with linear_kernels.h, sources compiled for an instruction set include only this.

#include <cstdint>

namespace ferrum {

enum class Isa;

namespace cpu {

// A loop of some ten microseconds on registers alone.
struct RateKernel {
  const char* instruction = nullptr;  // null: this instruction set has none
  int64_t (*run)() = nullptr;         // returns the operations done, a multiply-add being two
};

struct ProbeKernels {
  // Reads `bytes` (a multiple of 4096) in four parallel streams; returns something of all bytes.
  uint64_t (*read)(const void* from, int64_t bytes) = nullptr;
  RateKernel f32, bf16, int8;  // 16- and 8-bit dot products with 32-bit sums
};

ProbeKernels probe_kernels(Isa isa);

ProbeKernels probe_kernels_scalar();
ProbeKernels probe_kernels_avx2();
ProbeKernels probe_kernels_avx512();
RateKernel probe_kernel_avx512_vnni();
RateKernel probe_kernel_avx512_bf16();
RateKernel probe_kernel_amx_bf16();
RateKernel probe_kernel_amx_int8();

}  // namespace cpu
}  // namespace ferrum
