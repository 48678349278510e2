// What the attention and sampling groups must refuse, on every target.

#include <gtest/gtest.h>

#include <limits>

#include "conformance/targets.h"

namespace ferrum::conformance {
namespace {

class Refusal : public testing::TestWithParam<Target> {
 protected:
  template <class T>
  Tensor tensor(std::vector<T> values, const Shape& shape) {
    return kernels().factory.template from_values<T>(values, shape, kernels().device);
  }
  Tensor zeros(const Shape& shape, DataType dtype = DataType::kF32) {
    return kernels().factory.zeros(shape, dtype, kernels().device);
  }
  Kernels& kernels() { return target_.kernels(); }

  template <class Call>
  void expect_refused(const char* what, Call&& call) {
    try {
      call();
      ADD_FAILURE() << what << " was accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument) << what << ": " << error.what();
    }
  }

 private:
  RunningTarget target_{GetParam()};
};

TEST_P(Refusal, Sampling) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  const Tensor logits = tensor<float>({1, 2, 3, 4}, {1, 4});
  const Tensor out = zeros({1}, DataType::kI32);
  const auto sample = [&](const Tensor& x, std::vector<SamplingRow> rows) {
    kernels().groups.sampling()->sample(x, rows, out);
  };
  for (const int32_t token : {-1, 4}) {
    const SamplingRow::Bias bias{token, 1};
    const SamplingRow::Count count{token, 1};
    expect_refused("a bias", [&] { sample(logits, {{.bias = {&bias, 1}}}); });
    expect_refused("a seen token", [&] { sample(logits, {{.seen = {&token, 1}}}); });
    expect_refused("a generated token", [&] { sample(logits, {{.generated = {&count, 1}}}); });
  }
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const float temperature : {0.0f, 1.0f}) {
    expect_refused("no finite logit", [&] {
      sample(tensor<float>({-kInf, -kInf, nan}, {1, 3}), {{.temperature = temperature}});
    });
  }
  expect_refused("two rows for one", [&] { sample(logits, {{}, {}}); });
  expect_refused("no row for one", [&] { sample(logits, {}); });
  EXPECT_NO_THROW(sample(logits, {{}}));
}

TEST_P(Refusal, WriteKv) {
  const Tensor kv = zeros({1, 2, 8});
  const Tensor cache = zeros({3, 2, 16, 8});
  const auto write = [&](int64_t slot) {
    kernels().groups.attention()->write_kv(kv, kv, tensor<int64_t>({slot}, {1}), cache, cache);
  };
  expect_refused("slot -1", [&] { write(-1); });
  expect_refused("slot 48 of 48", [&] { write(48); });
  EXPECT_NO_THROW(write(47));
}

TEST_P(Refusal, PagedAttention) {
  const Tensor cache = zeros({3, 2, 16, 8});
  const auto attend = [&](int32_t queries, int32_t context, int32_t block) {
    const Tensor q = zeros({queries, 4, 8});
    const PagedLayout layout{tensor<int32_t>({0, queries}, {2}), tensor<int32_t>({context}, {1}),
                             tensor<int32_t>({1, block}, {1, 2}), queries, context};
    kernels().groups.attention()->paged_attention(q, cache, cache, layout, {},
                                                  zeros({queries, 4, 8}));
  };
  expect_refused("a context beyond the block table", [&] { attend(1, 33, 2); });
  expect_refused("more queries than context", [&] { attend(5, 4, 2); });
  expect_refused("block 3 of 3", [&] { attend(1, 20, 3); });
  expect_refused("block -1", [&] { attend(1, 20, -1); });
  EXPECT_NO_THROW(attend(5, 32, 2));
}

INSTANTIATE_TEST_SUITE_P(AllBackends, Refusal, testing::ValuesIn(targets()),
                         [](const auto& target) { return target.param.name; });

}  // namespace
}  // namespace ferrum::conformance
