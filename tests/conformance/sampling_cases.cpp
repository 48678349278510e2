#include <limits>
#include <random>
#include <stdexcept>

#include "conformance/case_grid.h"
#include "support/reference_sampling.h"

namespace ferrum::conformance {
namespace {

// Weights may be f32: exp of a logit gap of up to 32 / temperature loses a few units in 2^-18, so
// cuts and draws are placed further than this from where they would fall otherwise.
constexpr double kMargin = 1e-4;

constexpr std::array<SamplingRow::Bias, 3> kBias{{{3, 2.5f}, {7, -1.25f}, {0, 6.0f}}};
constexpr std::array<int32_t, 5> kSeen{1, 2, 3, 9, 11};
constexpr std::array<SamplingRow::Count, 3> kGenerated{{{1, 2}, {5, 1}, {9, 3}}};

// Each way to choose alone, then together.
std::vector<SamplingRow> laws() {
  const SamplingRow plain{.temperature = 1};
  std::vector<SamplingRow> rows{
      {.temperature = 0}, {.temperature = 0.5f}, plain, {.temperature = 1.75f}};
  const auto also = [&](SamplingRow row, auto change) {
    change(row);
    rows.push_back(row);
  };
  for (const int32_t k : {1, 2, 5, 100000}) also(plain, [k](auto& r) { r.top_k = k; });
  for (const float p : {0.0f, 0.1f, 0.5f, 0.9f}) also(plain, [p](auto& r) { r.top_p = p; });
  for (const float p : {0.05f, 0.3f, 1.0f}) also(plain, [p](auto& r) { r.min_p = p; });
  for (const float p : {0.1f, 0.5f, 0.9f}) also(plain, [p](auto& r) { r.typical_p = p; });
  const auto penalties = [](SamplingRow& row) {
    row.bias = kBias;
    row.seen = kSeen;
    row.generated = kGenerated;
    row.repetition_penalty = 1.25f;
    row.presence_penalty = 0.5f;
    row.frequency_penalty = 0.75f;
  };
  for (const float temperature : {0.0f, 0.75f}) {
    const SamplingRow row{.temperature = temperature};
    also(row, [](auto& r) { r.bias = kBias; });
    also(row, [](auto& r) { r.seen = kSeen, r.repetition_penalty = 1.25f; });
    also(row, [](auto& r) { r.generated = kGenerated, r.presence_penalty = 0.5f; });
    also(row, [](auto& r) { r.generated = kGenerated, r.frequency_penalty = -0.75f; });
    also(row, penalties);
  }
  also({.temperature = 1.25f, .top_k = 40, .top_p = 0.8f, .min_p = 0.02f, .typical_p = 0.85f},
       penalties);
  also({.temperature = 0.75f, .top_k = 7, .top_p = 0.75f}, penalties);
  also({.temperature = 1, .top_p = 0.7f, .min_p = 0.1f}, penalties);
  return rows;
}

struct Draws {
  std::vector<double> logits;  // [rows, vocab]
  std::vector<SamplingRow> rows;
};

// Logits in steps of 1/16, which every dtype holds exactly and which repeat, so that ties are
// ranked; every ninth is -inf, as a grammar leaves it. Each row draws until its margin suffices.
Draws draws(int64_t vocab, std::vector<SamplingRow> rows) {
  std::mt19937_64 random(static_cast<uint64_t>(vocab));
  std::uniform_int_distribution<int> sixteenths(-96, 96);
  std::uniform_real_distribution<double> uniform(0, 1);
  Draws made{{}, std::move(rows)};
  std::vector<double> logits(static_cast<size_t>(vocab));
  for (SamplingRow& row : made.rows) {
    int attempts = 0;
    do {
      if (++attempts > 200) throw std::logic_error("a cut of this law always falls on a boundary");
      for (size_t i = 0; i < logits.size(); ++i) {
        logits[i] =
            i % 9 == 8 ? -std::numeric_limits<double>::infinity() : sixteenths(random) / 16.0;
      }
      row.uniform = uniform(random);
    } while (reference::sample(logits, row).margin < kMargin);
    made.logits.insert(made.logits.end(), logits.begin(), logits.end());
  }
  return made;
}

void add_sample(OpCases& cases, const Draws& drawn, DataType dtype, Layout layout) {
  const auto rows = static_cast<int64_t>(drawn.rows.size());
  const int64_t vocab = rows == 0 ? 5 : static_cast<int64_t>(drawn.logits.size()) / rows;
  add_case(
      cases,
      {.op = "sample",
       .name = {},
       .inputs = {{{rows, vocab}, dtype, layout, drawn.logits}},
       .outputs = {{{rows}, DataType::kI32, layout}},
       .run = [laws = drawn.rows](Kernels& k, Tensors in,
                                  Tensors o) { k.groups.sampling()->sample(in[0], laws, o[0]); },
       .reference = [laws = drawn.rows](Arrays in, Arrays) -> std::vector<std::vector<double>> {
         std::vector<double> tokens;
         auto row = in[0].data.begin();
         for (const SamplingRow& law : laws) {
           const auto end = row + in[0].shape[1];
           tokens.push_back(reference::sample({row, end}, law).token);
           row = end;
         }
         return {tokens};
       }});
}

}  // namespace

void add_sampling_cases(OpCases& cases) {
  const std::vector<Draws> all{
      draws(12, laws()), draws(67, laws()), draws(700, laws()), draws(3001, laws()), {}};
  for (const Draws& drawn : all) {
    for (const DataType dtype : kFloats) {
      for (const Layout layout : kLayouts) add_sample(cases, drawn, dtype, layout);
    }
  }
  const SamplingRow usual{.temperature = 0.75f, .top_k = 40, .top_p = 0.89f};
  add_sample(cases, draws(128256, {usual}), DataType::kF32, Layout::kContiguous);
}

}  // namespace ferrum::conformance
