// Every level of the loops against the scalar rules.

#include "weights/transforms/cast_kernels.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "weights/transforms/elements.h"

namespace ferrum {
namespace {

using namespace elements;  // NOLINT: a list of element types

// Every code of up to 16 bits; of f32, as many in every binade and around every 16-bit float.
template <class E>
std::vector<typename E::Stored> inputs() {
  std::vector<typename E::Stored> codes;
  for (uint32_t i = 0; i < 0x10000; ++i) {
    if constexpr (sizeof(typename E::Stored) == 4) {
      for (const uint32_t low : {0u, 1u, 0x7fffu, 0x8000u, 0x8001u, i * 40503u & 0xffff}) {
        codes.push_back(std::bit_cast<float>(i << 16 | low));
      }
    } else {
      codes.push_back(static_cast<typename E::Stored>(i));
    }
  }
  return codes;
}

template <class E>
bool same(typename E::Stored a, typename E::Stored b) {
  return std::memcmp(&a, &b, sizeof(a)) == 0 ||
         (std::isnan(E::decode(a)) && std::isnan(E::decode(b)));
}

// The function on elements at an odd address, against f one by one.
template <class From, class To, class Run, class F>
void check(Run run, F f) {
  const auto codes = inputs<From>();
  std::string in(1 + codes.size() * sizeof(codes[0]), ' ');
  std::memcpy(in.data() + 1, codes.data(), in.size() - 1);
  for (const size_t count : {size_t{0}, size_t{1}, size_t{37}, codes.size()}) {
    std::vector<typename To::Stored> out(count + 1);
    run(reinterpret_cast<const std::byte*>(in.data() + 1), reinterpret_cast<std::byte*>(out.data()),
        static_cast<int64_t>(count));
    for (size_t i = 0; i < count; ++i) {
      ASSERT_TRUE(same<To>(out[i], f(codes[i]))) << From::decode(codes[i]) << ", element " << i;
    }
    ASSERT_EQ(To::decode(out[count]), 0);
  }
}

template <class From, class... To>
void check_from(const CastKernels& kernels, size_t from) {
  size_t to = 0;
  const auto one = [&]<class T>(T) {
    SCOPED_TRACE("from " + std::string(to_string(From::dtype)) + " to " +
                 std::string(to_string(T::dtype)));
    const auto function = kernels.cast[from][to];
    ASSERT_EQ(function == nullptr, from == to);
    if (function) check<From, T>(function, elements::convert<T, From>);
    ++to;
  };
  (one(To{}), ...);
  for (const float factor : {0.37f, -1e4f}) {
    SCOPED_TRACE("scale of " + std::string(to_string(From::dtype)));
    check<From, From>(
        [&](auto... arguments) { kernels.scale[from](arguments..., factor); },
        [&](auto x) { return elements::encode<From>(From::decode(x) * factor); });
  }
}

TEST(CastKernels, RoundAsTheScalarRulesDo) {
  for (const VectorIsa isa : available_vector_isas()) {
    SCOPED_TRACE(to_string(isa));
    const CastKernels& kernels = cast_kernels(isa);
    size_t from = 0;
    const auto one = [&]<class From>(From) {
      check_from<From, F32, F16, BF16, F8E4M3, F8E5M2>(kernels, from++);
    };
    one(F32{}), one(F16{}), one(BF16{}), one(F8E4M3{}), one(F8E5M2{});
  }
}

}  // namespace
}  // namespace ferrum
