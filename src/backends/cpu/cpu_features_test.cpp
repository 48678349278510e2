#include "backends/cpu/cpu_features.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

namespace ferrum {
namespace {

// Whether /proc/cpuinfo lists the flag: the kernel's own opinion.
bool kernel_lists(const std::string& flag) {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("flags")) continue;
    std::istringstream words(line);
    for (std::string word; words >> word;) {
      if (word == flag) return true;
    }
    return false;
  }
  return false;
}

TEST(CpuFeatures, AgreeWithTheKernel) {
  const CpuFeatures& f = cpu_features();
  EXPECT_EQ(f.avx2, kernel_lists("avx2"));
  EXPECT_EQ(f.fma, kernel_lists("fma"));
  EXPECT_EQ(f.f16c, kernel_lists("f16c"));
  EXPECT_EQ(f.avx512f, kernel_lists("avx512f"));
  EXPECT_EQ(f.avx512bw, kernel_lists("avx512bw"));
  EXPECT_EQ(f.avx512vl, kernel_lists("avx512vl"));
  EXPECT_EQ(f.avx512dq, kernel_lists("avx512dq"));
  EXPECT_EQ(f.avx512_vnni, kernel_lists("avx512_vnni"));
  EXPECT_EQ(f.avx512_bf16, kernel_lists("avx512_bf16"));
  EXPECT_EQ(f.avx512_fp16, kernel_lists("avx512_fp16"));
  EXPECT_EQ(f.avx_vnni, kernel_lists("avx_vnni"));
  EXPECT_LE(f.amx_tile, kernel_lists("amx_tile"));
  EXPECT_LE(f.amx_bf16, kernel_lists("amx_bf16"));
  EXPECT_LE(f.amx_int8, kernel_lists("amx_int8"));
}

TEST(CpuFeatures, NamesRoundTrip) {
  ASSERT_FALSE(available_isas().empty());
  EXPECT_EQ(available_isas().front(), Isa::kScalar);
  EXPECT_EQ(available_isas().back(), detect_isa());
  for (const Isa isa : available_isas()) EXPECT_EQ(parse_isa(to_string(isa)), isa);
  EXPECT_THROW(parse_isa("sse9"), Error);
}

}  // namespace
}  // namespace ferrum
