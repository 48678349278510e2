#include "engine/sampler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>

namespace ferrum {
namespace {

using ::testing::UnorderedElementsAre;

TEST(SamplingUniform, IsUniformOverSeedsAndOverIndices) {
  // Chi-square over 64 cells and 64,000 numbers; the bound is the 1 - 1e-6 quantile for 63 degrees.
  constexpr int kCells = 64, kDraws = 64000;
  for (const bool over_seeds : {true, false}) {
    std::array<int, kCells> counts{};
    for (uint64_t i = 0; i < kDraws; ++i) {
      const double u = over_seeds ? sampling_uniform(i, 3) : sampling_uniform(3, i);
      ASSERT_GE(u, 0);
      ASSERT_LT(u, 1);
      ++counts[static_cast<size_t>(u * kCells)];
    }
    double chi_square = 0;
    for (const int count : counts) {
      const double expected = double{kDraws} / kCells;
      chi_square += (count - expected) * (count - expected) / expected;
    }
    EXPECT_LT(chi_square, 130.0) << over_seeds;
    EXPECT_GT(chi_square, 20.0) << over_seeds;
  }
}

TEST(SamplingUniform, NeighbouringNumbersAreUncorrelated) {
  constexpr int kDraws = 100000;
  double along_index = 0, along_seed = 0;
  for (uint64_t i = 0; i < kDraws; ++i) {
    const double u = sampling_uniform(11, i) - 0.5;
    along_index += u * (sampling_uniform(11, i + 1) - 0.5);
    along_seed += u * (sampling_uniform(12, i) - 0.5);
  }
  // Deviation of the mean product: 1/12 / sqrt(kDraws); five of them.
  const double bound = 5.0 / 12 / std::sqrt(double{kDraws});
  EXPECT_LT(std::abs(along_index / kDraws), bound);
  EXPECT_LT(std::abs(along_seed / kDraws), bound);
}

TEST(Sampler, SameSeedSameNumbersAndAnotherSeedOthers) {
  SamplingParams params;
  params.seed = 5;
  Sampler a(params, {}), b(params, {});
  params.seed = 6;
  Sampler c(params, {});
  for (int32_t i = 0; i < 10; ++i) {
    EXPECT_EQ(a.row().uniform, b.row().uniform);
    EXPECT_NE(a.row().uniform, c.row().uniform);
    a.accept(i), b.accept(i), c.accept(i);
  }
}

TEST(Sampler, ANumberIsUsedOncePerToken) {
  SamplingParams params;
  params.seed = 5;
  Sampler sampler(params, {});
  const double first = sampler.row().uniform;
  EXPECT_EQ(sampler.row().uniform, first);
  sampler.accept(1);
  EXPECT_NE(sampler.row().uniform, first);
}

TEST(Sampler, WithoutASeedEveryRequestIsAnother) {
  EXPECT_NE(Sampler({}, {}).row().uniform, Sampler({}, {}).row().uniform);
}

TEST(Sampler, RepetitionTouchesPromptAndAnswerOnceEach) {
  SamplingParams params;
  params.repetition_penalty = 1.2f;
  const std::vector<int32_t> prompt{4, 4, 9};
  Sampler sampler(params, prompt);
  sampler.accept(9);
  sampler.accept(2);
  const SamplingRow row = sampler.row();
  EXPECT_THAT(std::vector<int32_t>(row.seen.begin(), row.seen.end()),
              UnorderedElementsAre(4, 9, 2));
}

TEST(Sampler, FrequencyCountsTheAnswerAlone) {
  SamplingParams params;
  params.frequency_penalty = 0.5f;
  const std::vector<int32_t> prompt{4, 4};
  Sampler sampler(params, prompt);
  for (const int32_t token : {7, 4, 7}) sampler.accept(token);
  std::map<int32_t, int32_t> counts;
  for (const auto& [token, count] : sampler.row().generated) counts[token] = count;
  EXPECT_EQ(counts, (std::map<int32_t, int32_t>{{7, 2}, {4, 1}}));
}

TEST(Sampler, PlainGreedyIsAnArgmaxAndNothingElseIs) {
  SamplingParams greedy;
  greedy.temperature = 0;
  EXPECT_TRUE(Sampler(greedy, {}).is_argmax());
  EXPECT_FALSE(Sampler({}, {}).is_argmax());
  SamplingParams penalised = greedy;
  penalised.presence_penalty = 0.1f;
  EXPECT_FALSE(Sampler(penalised, {}).is_argmax());
  SamplingParams biased = greedy;
  biased.logit_bias[3] = 1;
  EXPECT_FALSE(Sampler(biased, {}).is_argmax());
}

}  // namespace
}  // namespace ferrum
