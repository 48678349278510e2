#include "engine/activation_dtype.h"

#include <gtest/gtest.h>

namespace ferrum {
namespace {

constexpr DataType kF32 = DataType::kF32, kF16 = DataType::kF16, kBF16 = DataType::kBF16;

TEST(ActivationDtype, EachCombination) {
  struct Case {
    std::optional<DataType> wanted;
    DataType weights;
    bool native;
    DataType chosen;
  };
  const Case cases[] = {
      {{}, kF32, false, kF32},    {{}, kF32, true, kF32},    {{}, kF16, false, kF32},
      {{}, kF16, true, kF32},     {{}, kBF16, false, kF32},  {{}, kBF16, true, kBF16},
      {kF32, kF32, false, kF32},  {kF32, kF32, true, kF32},  {kF32, kF16, false, kF32},
      {kF32, kF16, true, kF32},   {kF32, kBF16, false, kF32}, {kF32, kBF16, true, kF32},
      {kBF16, kF32, false, kBF16}, {kBF16, kF32, true, kBF16}, {kBF16, kF16, false, kBF16},
      {kBF16, kF16, true, kBF16}, {kBF16, kBF16, false, kBF16}, {kBF16, kBF16, true, kBF16},
  };
  for (const Case& c : cases) {
    BackendCapabilities backend;
    backend.supports_bf16 = true;  // widened on the way is not native
    backend.supports_native_bf16 = c.native;
    EXPECT_EQ(choose_activation_dtype(c.wanted, c.weights, backend), c.chosen)
        << "wanted " << (c.wanted ? to_string(*c.wanted) : "auto") << ", weights "
        << to_string(c.weights) << (c.native ? ", native" : "");
  }
}

}  // namespace
}  // namespace ferrum
