#include "backends/cpu/cpu_features.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace ferrum {
namespace {

#if defined(__x86_64__)
struct Registers { unsigned eax = 0, ebx = 0, ecx = 0, edx = 0; };

Registers cpuid(unsigned leaf, unsigned subleaf) {
  Registers r;
  __get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx);
  return r;
}

bool bit(unsigned word, int index) { return (word >> index) & 1u; }

// State components that the operating system saves (XCR0; Intel SDM vol. 1, 13.3).
unsigned long long saved_state() {
  unsigned low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<unsigned long long>(high) << 32) | low;
}

bool request_tile_data() {
  constexpr int kArchReqXcompPerm = 0x1023;
  constexpr int kXfeatureTileData = 18;
  return syscall(SYS_arch_prctl, kArchReqXcompPerm, kXfeatureTileData) == 0;
}

CpuFeatures detect_features() {
  CpuFeatures f;
  const Registers basic = cpuid(1, 0);
  if (!bit(basic.ecx, 27)) return f;  // OSXSAVE
  const unsigned long long saved = saved_state();
  const bool ymm = (saved & 0x6) == 0x6;
  const bool zmm = (saved & 0xe6) == 0xe6;
  const bool tiles = (saved & 0x60000) == 0x60000;
  const Registers leaf7 = cpuid(7, 0);
  const Registers leaf7_1 = cpuid(7, 1);
  f.fma = ymm && bit(basic.ecx, 12);
  f.f16c = ymm && bit(basic.ecx, 29);
  f.avx2 = ymm && bit(leaf7.ebx, 5);
  f.avx_vnni = ymm && bit(leaf7_1.eax, 4);
  f.avx512f = zmm && bit(leaf7.ebx, 16);
  f.avx512dq = zmm && bit(leaf7.ebx, 17);
  f.avx512bw = zmm && bit(leaf7.ebx, 30);
  f.avx512vl = zmm && bit(leaf7.ebx, 31);
  f.avx512_vnni = zmm && bit(leaf7.ecx, 11);
  f.avx512_bf16 = zmm && bit(leaf7_1.eax, 5);
  f.avx512_fp16 = zmm && bit(leaf7.edx, 23);
  f.amx_tile = tiles && bit(leaf7.edx, 24) && request_tile_data();
  f.amx_bf16 = f.amx_tile && bit(leaf7.edx, 22);
  f.amx_int8 = f.amx_tile && bit(leaf7.edx, 25);
  return f;
}
#else
CpuFeatures detect_features() { return {}; }
#endif

}  // namespace

const CpuFeatures& cpu_features() {
  static const CpuFeatures features = detect_features();
  return features;
}

void to_json(Json& json, const CpuFeatures& f) {
  json = Json{{"avx2", f.avx2},
              {"fma", f.fma},
              {"f16c", f.f16c},
              {"avx512f", f.avx512f},
              {"avx512bw", f.avx512bw},
              {"avx512vl", f.avx512vl},
              {"avx512dq", f.avx512dq},
              {"avx512_vnni", f.avx512_vnni},
              {"avx512_bf16", f.avx512_bf16},
              {"avx512_fp16", f.avx512_fp16},
              {"avx_vnni", f.avx_vnni},
              {"amx_tile", f.amx_tile},
              {"amx_bf16", f.amx_bf16},
              {"amx_int8", f.amx_int8}};
}

std::string_view to_string(Isa isa) {
  switch (isa) {
    case Isa::kScalar: return "scalar";
    case Isa::kAvx2: return "avx2";
    case Isa::kAvx512: return "avx512";
    case Isa::kAvx512Bf16: return "avx512_bf16";
    case Isa::kAmx: return "amx";
  }
  return "";
}

Isa parse_isa(std::string_view name) {
  std::string known;
  for (const Isa isa : available_isas()) {
    if (to_string(isa) == name) return isa;
    known += (known.empty() ? "" : ", ") + std::string(to_string(isa));
  }
  throw Error(ErrorCode::kInvalidArgument,
              "instruction set \"" + std::string(name) + "\" is not one of this machine",
              "choose one of: " + known);
}

Isa detect_isa() {
  const CpuFeatures& f = cpu_features();
  if (!(f.avx2 && f.fma && f.f16c)) return Isa::kScalar;
  if (!(f.avx512f && f.avx512bw && f.avx512vl && f.avx512dq)) return Isa::kAvx2;
  if (!f.avx512_bf16) return Isa::kAvx512;
  if (!f.amx_bf16) return Isa::kAvx512Bf16;
  return Isa::kAmx;
}

std::vector<Isa> available_isas() {
  std::vector<Isa> isas;
  for (int level = 0; level <= static_cast<int>(detect_isa()); ++level) {
    isas.push_back(static_cast<Isa>(level));
  }
  return isas;
}

}  // namespace ferrum
