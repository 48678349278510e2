// Every level of the loops against the plain reading of their formulas.

#include "quant/quantize_kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "ferrum/types/float16.h"
#include "ferrum/types/float8.h"

namespace ferrum {
namespace {

struct Type {
  DataType dtype;
  QuantizeKernels::Rows QuantizeKernels::*rows;

  float round(float x) const {
    switch (dtype) {
      case DataType::kF16: return to_float(to_float16(x));
      case DataType::kBF16: return to_float(to_bfloat16(x));
      default: return x;
    }
  }
  std::string store(const std::vector<float>& values) const {
    std::string bytes;
    for (const float x : values) {
      const uint16_t half = dtype == DataType::kF16 ? to_float16(x).bits : to_bfloat16(x).bits;
      if (dtype == DataType::kF32) bytes.append(reinterpret_cast<const char*>(&x), 4);
      else bytes.append(reinterpret_cast<const char*>(&half), 2);
    }
    return bytes;
  }
};
const Type kTypes[] = {{DataType::kF32, &QuantizeKernels::f32},
                       {DataType::kF16, &QuantizeKernels::f16},
                       {DataType::kBF16, &QuantizeKernels::bf16}};

// Every finite number of the type, or about as many f32, in groups of `size` that mix magnitudes.
std::vector<float> numbers_of(const Type& type) {
  std::vector<float> numbers;
  for (uint32_t i = 0; i < 0x10000; ++i) {
    const auto code = static_cast<uint16_t>(i * 40503);  // odd: each once
    float x = std::bit_cast<float>(i * 2654435761u);
    if (type.dtype == DataType::kF16) x = to_float(Float16{code});
    if (type.dtype == DataType::kBF16) x = to_float(BFloat16{code});
    if (std::isfinite(x)) numbers.push_back(x);
  }
  return numbers;
}

struct Batch {
  std::vector<float> values, scales, zeros;
  int64_t groups, size;
  std::string bytes;  // one byte before the elements: they are not aligned
  const void* elements() const { return bytes.data() + 1; }
  float value(int64_t g, int64_t i) const { return values[static_cast<size_t>(g * size + i)]; }
};

Batch batch_of(const Type& type, int64_t size) {
  Batch batch{numbers_of(type), {}, {}, 0, size, {}};
  batch.groups = static_cast<int64_t>(batch.values.size()) / size;
  batch.values.resize(static_cast<size_t>(batch.groups * size));
  batch.bytes = "x" + type.store(batch.values);
  for (int64_t g = 0; g < batch.groups; ++g) {
    const float middle = std::abs(batch.value(g, size / 2));
    const float scale = type.round(middle / static_cast<float>(1 + g % 200));
    batch.scales.push_back(scale > 0 ? scale : 1);
    batch.zeros.push_back(static_cast<float>(g % 256 - 128));
  }
  return batch;
}

constexpr int64_t kSizes[] = {1, 2, 7, 16, 31, 32, 33, 64, 100, 128, 1000};

template <class F>
void for_each_case(F&& test) {
  for (const VectorIsa isa : available_vector_isas()) {
    for (const Type& type : kTypes) {
      for (const int64_t size : kSizes) {
        SCOPED_TRACE(std::string(to_string(isa)) + " " + std::string(to_string(type.dtype)) +
                     ", groups of " + std::to_string(size));
        test(quantize_kernels(isa).*type.rows, type, batch_of(type, size));
      }
    }
  }
}

TEST(QuantizeKernels, FindTheLargestAndTheRange) {
  for_each_case([](const QuantizeKernels::Rows& rows, const Type&, const Batch& batch) {
    const auto count = static_cast<size_t>(batch.groups);
    std::vector<float> largest(count), least(count), most(count);
    rows.largest(batch.elements(), batch.groups, batch.size, largest.data());
    rows.range(batch.elements(), batch.groups, batch.size, least.data(), most.data());
    for (size_t g = 0; g < count; ++g) {
      const auto first = batch.values.begin() + static_cast<std::ptrdiff_t>(g) * batch.size;
      const auto [low, high] = std::minmax_element(first, first + batch.size);
      ASSERT_EQ(least[g], *low);
      ASSERT_EQ(most[g], *high);
      ASSERT_EQ(largest[g], std::max(std::abs(*low), std::abs(*high)));
    }
  });
}

TEST(QuantizeKernels, WhatIsNotFiniteIsNotMissed) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for_each_case([](const QuantizeKernels::Rows& rows, const Type& type, const Batch& batch) {
    for (const float bad : {kInfinity, -kInfinity, std::nanf(""), -std::nanf("")}) {
      for (const int64_t where : {int64_t{0}, batch.size / 2, batch.size - 1}) {
        std::vector<float> values(static_cast<size_t>(batch.size), -2.0f);
        values[static_cast<size_t>(where)] = bad;
        const std::string bytes = type.store(values);
        float largest = 0, least = 0, most = 0;
        rows.largest(bytes.data(), 1, batch.size, &largest);
        rows.range(bytes.data(), 1, batch.size, &least, &most);
        ASSERT_FALSE(std::isfinite(largest));
        ASSERT_FALSE(std::isfinite(least) && std::isfinite(most));
      }
    }
  });
}

TEST(QuantizeKernels, RoundToIntegers) {
  for_each_case([](const QuantizeKernels::Rows& rows, const Type& type, const Batch& batch) {
    for (const auto& [low, high] : {std::pair(-128.0f, 127.0f), std::pair(-8.0f, 7.0f)}) {
      std::vector<int8_t> plain(batch.values.size()), shifted(batch.values.size());
      rows.integers(batch.elements(), batch.groups, batch.size, batch.scales.data(), low, high,
                    plain.data());
      rows.shifted_integers(batch.elements(), batch.groups, batch.size, batch.scales.data(),
                            batch.zeros.data(), low, high, shifted.data());
      for (size_t i = 0; i < batch.values.size(); ++i) {
        const size_t g = i / static_cast<size_t>(batch.size);
        const float scaled = type.round(batch.values[i] / batch.scales[g]);
        const float moved = type.round(scaled + batch.zeros[g]);
        ASSERT_EQ(plain[i], std::nearbyint(std::clamp(scaled, low, high))) << batch.values[i];
        ASSERT_EQ(shifted[i], std::nearbyint(std::clamp(moved, low, high))) << batch.values[i];
      }
    }
  });
}

TEST(QuantizeKernels, RoundToFloatsOf8Bits) {
  for_each_case([](const QuantizeKernels::Rows& rows, const Type& type, const Batch& batch) {
    std::vector<uint8_t> e4m3(batch.values.size()), e5m2(batch.values.size());
    rows.f8_e4m3(batch.elements(), batch.groups, batch.size, batch.scales.data(), e4m3.data());
    rows.f8_e5m2(batch.elements(), batch.groups, batch.size, batch.scales.data(), e5m2.data());
    for (size_t i = 0; i < batch.values.size(); ++i) {
      const size_t g = i / static_cast<size_t>(batch.size);
      const float x = type.round(batch.values[i] / batch.scales[g]);
      ASSERT_EQ(e4m3[i], encode_float8(DataType::kF8E4M3, std::clamp(x, -448.0f, 448.0f))) << x;
      ASSERT_EQ(e5m2[i], encode_float8(DataType::kF8E5M2, std::clamp(x, -57344.0f, 57344.0f)))
          << x;
    }
  });
}

TEST(QuantizeKernels, PackNibbles) {
  for (const VectorIsa isa : available_vector_isas()) {
    for (int64_t count = 0; count < 300; count += 2) {
      std::vector<int8_t> integers;
      for (int64_t i = 0; i < count; ++i) {
        integers.push_back(static_cast<int8_t>((i * 5 + i / 16) % 16 - 8));
      }
      std::vector<uint8_t> packed(static_cast<size_t>(count / 2) + 1, 0xee);
      quantize_kernels(isa).pack_nibbles(integers.data(), count, packed.data());
      for (size_t i = 0; i < static_cast<size_t>(count / 2); ++i) {
        ASSERT_EQ(packed[i], (integers[2 * i] + 8) | (integers[2 * i + 1] + 8) << 4);
      }
      ASSERT_EQ(packed.back(), 0xee);
    }
  }
}

}  // namespace
}  // namespace ferrum
