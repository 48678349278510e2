#pragma once
// What this processor can do, asked of the processor itself (CPUID, XGETBV) and, for the AMX tiles,
// of the kernel, which hands out their state on request only (arch_prctl ARCH_REQ_XCOMP_PERM).

#include <string_view>
#include <vector>

#include "ferrum/types/json.h"

namespace ferrum {

struct CpuFeatures {
  bool avx2 = false, fma = false, f16c = false;
  bool avx512f = false, avx512bw = false, avx512vl = false, avx512dq = false;
  bool avx512_vnni = false, avx512_bf16 = false, avx512_fp16 = false, avx_vnni = false;
  bool amx_tile = false, amx_bf16 = false, amx_int8 = false;
};

// Asked once per process; a flag is set only if the operating system saves its registers too.
const CpuFeatures& cpu_features();
void to_json(Json& json, const CpuFeatures& features);

// The instruction sets that kernels are written for. Each level includes those before it.
enum class Isa {
  kScalar,
  kAvx2,        // AVX2, FMA, F16C
  kAvx512,      // AVX-512 F, BW, VL, DQ
  kAvx512Bf16,  // AVX512_BF16: VDPBF16PS
  kAmx,         // AMX-TILE, AMX-BF16: TDPBF16PS
};

// "scalar", "avx2", "avx512", "avx512_bf16", "amx".
std::string_view to_string(Isa isa);
// The inverse; throws kInvalidArgument naming the levels that this machine has.
Isa parse_isa(std::string_view name);

Isa detect_isa();                  // the highest level of this machine
std::vector<Isa> available_isas();  // every level up to that, lowest first

}  // namespace ferrum
