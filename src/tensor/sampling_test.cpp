#include "tensor/sampling.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "support/reference_sampling.h"

namespace ferrum {
namespace {

int32_t sample(const std::vector<float>& logits, const SamplingRow& row) {
  SamplingScratch scratch;
  scratch.logits = logits;
  return sample_row(row, scratch);
}

TEST(Sampling, FollowsTheLaw) {
  std::mt19937_64 random(5);
  std::normal_distribution<float> normal(0, 3);
  std::uniform_real_distribution<double> uniform(0, 1);
  const std::vector<SamplingRow::Bias> bias{{3, 2.5f}, {7, -1.0f}};
  const std::vector<int32_t> seen{1, 2, 3};
  const std::vector<SamplingRow::Count> generated{{1, 2}, {5, 1}};
  int undecided = 0;
  for (int i = 0; i < 3000; ++i) {
    std::vector<float> logits(static_cast<size_t>(i % 3 == 0 ? 20 : 700));
    for (float& x : logits) x = normal(random);
    SamplingRow row;
    row.temperature = i % 7 == 0 ? 0.0f : 0.3f + static_cast<float>(uniform(random));
    if (i & 1) row.top_k = 1 + i % 60;
    if (i & 2) row.top_p = static_cast<float>(uniform(random));
    if (i & 4) row.min_p = static_cast<float>(uniform(random)) * 0.2f;
    if (i & 8) row.typical_p = 0.1f + 0.8f * static_cast<float>(uniform(random));
    if (i & 16) {
      row.repetition_penalty = 1.3f;
      row.seen = seen;
    }
    if (i & 32) {
      row.presence_penalty = 0.5f;
      row.frequency_penalty = 0.7f;
      row.generated = generated;
      row.bias = bias;
    }
    row.uniform = uniform(random);
    const std::vector<double> exact(logits.begin(), logits.end());
    const reference::Draw expected = reference::sample(exact, row);
    // Weights are f32: a draw or a cut this near to a boundary may fall on its other side.
    if (expected.margin < 1e-6) {
      ++undecided;
      continue;
    }
    EXPECT_EQ(sample(logits, row), expected.token) << i;
  }
  EXPECT_LE(undecided, 300);
}

TEST(Sampling, DrawsInProportion) {
  const std::vector<float> logits{std::log(0.5f), std::log(0.2f), std::log(0.3f)};
  SamplingRow row;
  row.temperature = 1;
  std::vector<int> counts(3);
  for (int i = 0; i < 1000; ++i) {
    row.uniform = (i + 0.5) / 1000;
    ++counts[static_cast<size_t>(sample(logits, row))];
  }
  EXPECT_NEAR(counts[0], 500, 1);
  EXPECT_NEAR(counts[2], 300, 1);
  row.uniform = 0.0;
  EXPECT_EQ(sample(logits, row), 0);
  row.uniform = std::nextafter(1.0, 0.0);
  EXPECT_EQ(sample(logits, row), 1);
}

TEST(Sampling, TiesGoToTheLowerId) {
  const std::vector<float> logits{1, 5, 5, 5, 2};
  SamplingRow row;
  EXPECT_EQ(sample(logits, row), 1);
  row.temperature = 1;
  row.top_k = 2;
  row.uniform = 0.49;
  EXPECT_EQ(sample(logits, row), 1);
  row.uniform = 0.51;
  EXPECT_EQ(sample(logits, row), 2);
}

TEST(Sampling, NonFiniteLogits) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  SamplingRow row;
  row.temperature = 1;
  row.uniform = 0.999;
  EXPECT_EQ(sample({nan, -kInf, 3, nan}, row), 2);
  row.temperature = 0;
  EXPECT_EQ(sample({nan, -kInf, 3, nan}, row), 2);
  EXPECT_THROW(sample({nan, -kInf, nan}, row), Error);
}

TEST(Sampling, RefusesNonsense) {
  const auto refused = [](auto&& change) {
    SamplingRow row;
    change(row);
    EXPECT_THROW(check_sampling_rows({&row, 1}, 1, 10), Error);
  };
  refused([](SamplingRow& row) { row.temperature = -1; });
  refused([](SamplingRow& row) { row.temperature = NAN; });
  refused([](SamplingRow& row) { row.top_p = 1.5f; });
  refused([](SamplingRow& row) { row.uniform = 1; });
  refused([](SamplingRow& row) { row.repetition_penalty = 0; });
  const std::vector<int32_t> outside{10};
  refused([&](SamplingRow& row) { row.seen = outside; });
  const SamplingRow good;
  EXPECT_THROW(check_sampling_rows({&good, 1}, 2, 10), Error);
  EXPECT_NO_THROW(check_sampling_rows({&good, 1}, 1, 10));
}

}  // namespace
}  // namespace ferrum
