#include "tensor/sampling.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

namespace ferrum {
namespace {

using Candidate = SamplingScratch::Candidate;
using Candidates = std::vector<Candidate>;

// Most probable first, ties by the lower id: the order of the law.
bool ranks_before(const Candidate& a, const Candidate& b) {
  return a.logit != b.logit ? a.logit > b.logit : a.token < b.token;
}

bool is_more_typical(const Candidate& a, const Candidate& b) {
  return a.key != b.key ? a.key < b.key : ranks_before(a, b);
}

void adjust(const SamplingRow& row, std::span<float> logits) {
  for (const auto& [token, bias] : row.bias) logits[static_cast<size_t>(token)] += bias;
  if (row.repetition_penalty != 1) {
    for (const int32_t token : row.seen) {
      float& logit = logits[static_cast<size_t>(token)];
      logit = logit > 0 ? logit / row.repetition_penalty : logit * row.repetition_penalty;
    }
  }
  for (const auto& [token, count] : row.generated) {
    logits[static_cast<size_t>(token)] -=
        row.presence_penalty + row.frequency_penalty * static_cast<float>(count);
  }
}

// The `count` first candidates by ranks_before, unordered, in one pass over the logits.
void select_top(std::span<const float> logits, size_t count, Candidates& kept) {
  kept.clear();
  const size_t limit = count >= logits.size() / 2 ? logits.size() : 2 * count;
  float threshold = -std::numeric_limits<float>::infinity();
  const auto shrink = [&] {
    if (kept.size() <= count) return;
    std::nth_element(kept.begin(), kept.begin() + static_cast<std::ptrdiff_t>(count) - 1,
                     kept.end(), ranks_before);
    kept.resize(count);
    threshold = kept.back().logit;
  };
  for (size_t i = 0; i < logits.size(); ++i) {
    // A later token of an equal logit ranks behind, so "greater" suffices; NaN and -inf fall out.
    if (!(logits[i] > threshold)) continue;
    kept.push_back({logits[i], static_cast<int32_t>(i), 0, 0});
    if (kept.size() == limit) shrink();
  }
  shrink();
}

// Sets each weight to exp((logit - max) / temperature) and returns their sum.
double weigh(Candidates& candidates, float max, float temperature) {
  double sum = 0;
  for (Candidate& c : candidates) {
    // An infinite maximum has the weight one, not NaN.
    c.weight = c.logit == max ? 1.0f : std::exp((c.logit - max) / temperature);
    sum += static_cast<double>(c.weight);
  }
  return sum;
}

// Sorts only so many of the first candidates that their weights add up to at least `mass`;
// returns their number. All others rank behind them, in no order.
template <class Before>
size_t sort_head(Candidates& candidates, double mass, Before before) {
  double sum = 0;
  size_t done = 0;
  for (size_t step = 64; done < candidates.size(); step *= 8) {
    const size_t end = std::min(candidates.size(), done + step);
    const auto first = candidates.begin() + static_cast<std::ptrdiff_t>(done);
    const auto last = candidates.begin() + static_cast<std::ptrdiff_t>(end);
    if (end < candidates.size()) std::nth_element(first, last, candidates.end(), before);
    std::sort(first, last, before);
    for (; done < end; ++done) {
      sum += static_cast<double>(candidates[done].weight);
      if (sum >= mass) return done + 1;
    }
  }
  return done;
}

double sum_weights(const Candidates& candidates) {
  double sum = 0;
  for (const Candidate& c : candidates) sum += static_cast<double>(c.weight);
  return sum;
}

// Keeps those whose information content is closest to the entropy, up to a mass of typical_p.
double keep_typical(Candidates& candidates, double sum, float typical_p) {
  double entropy = 0;
  for (const Candidate& c : candidates) {
    const double p = static_cast<double>(c.weight) / sum;
    if (p > 0) entropy -= p * std::log(p);
  }
  for (Candidate& c : candidates) {
    const double p = static_cast<double>(c.weight) / sum;
    c.key = p > 0 ? static_cast<float>(std::abs(-std::log(p) - entropy))
                  : std::numeric_limits<float>::infinity();
  }
  candidates.resize(sort_head(candidates, static_cast<double>(typical_p) * sum, is_more_typical));
  return sum_weights(candidates);
}

// top-p and min-p each keep a head of the ranking, so their order does not matter: min-p goes
// first because it needs no sorting. top-p's mass is that of all candidates, though.
double keep_head(Candidates& candidates, double sum, const SamplingRow& row) {
  if (row.min_p > 0) {
    float largest = 0;
    for (const Candidate& c : candidates) largest = std::max(largest, c.weight);
    const float least = row.min_p * largest;
    std::erase_if(candidates, [least](const Candidate& c) { return c.weight < least; });
  }
  if (row.top_p < 1) {
    candidates.resize(sort_head(candidates, static_cast<double>(row.top_p) * sum, ranks_before));
  }
  return sum_weights(candidates);
}

void check_token(int32_t token, int64_t vocab) {
  if (token < 0 || token >= vocab) {
    throw Error(ErrorCode::kInvalidArgument, "token " + std::to_string(token) +
                                                 " of a sampling row, the vocabulary has " +
                                                 std::to_string(vocab));
  }
}

void check_parameter(bool valid, const char* name, double value, const char* range) {
  if (valid) return;
  throw Error(ErrorCode::kInvalidArgument, "sampling with " + std::string(name) + " = " +
                                               std::to_string(value) + ", must be " + range);
}

void check_row(const SamplingRow& row, int64_t vocab) {
  check_parameter(row.temperature >= 0 && std::isfinite(row.temperature), "temperature",
                  row.temperature, "finite and at least 0");
  check_parameter(row.top_k >= 0, "top_k", row.top_k, "at least 0");
  check_parameter(row.top_p >= 0 && row.top_p <= 1, "top_p", row.top_p, "in [0, 1]");
  check_parameter(row.min_p >= 0 && row.min_p <= 1, "min_p", row.min_p, "in [0, 1]");
  check_parameter(row.typical_p >= 0 && row.typical_p <= 1, "typical_p", row.typical_p,
                  "in [0, 1]");
  check_parameter(row.repetition_penalty > 0 && std::isfinite(row.repetition_penalty),
                  "repetition_penalty", row.repetition_penalty, "finite and above 0");
  check_parameter(row.uniform >= 0 && row.uniform < 1, "uniform", row.uniform, "in [0, 1)");
  for (const auto& bias : row.bias) check_token(bias.token, vocab);
  for (const int32_t token : row.seen) check_token(token, vocab);
  for (const auto& count : row.generated) check_token(count.token, vocab);
}

}  // namespace

void check_sampling_shapes(const Tensor& logits, const Tensor& out) {
  if (!logits.defined() || !out.defined() || logits.rank() != 2 || logits.dim(1) < 1 ||
      out.rank() != 1 || out.dim(0) != logits.dim(0) || out.dtype() != DataType::kI32) {
    throw Error(ErrorCode::kInvalidArgument,
                "sampling from logits " + to_string(logits) + " into " + to_string(out),
                "logits are [rows, vocab], out is i32 [rows]");
  }
}

void check_sampling_rows(std::span<const SamplingRow> rows, int64_t row_count, int64_t vocab) {
  if (static_cast<int64_t>(rows.size()) != row_count) {
    throw Error(ErrorCode::kInvalidArgument, std::to_string(rows.size()) + " sampling rows for " +
                                                 std::to_string(row_count) + " rows of logits");
  }
  for (const SamplingRow& row : rows) check_row(row, vocab);
}

int32_t argmax_row(std::span<const float> logits) {
  int32_t best = -1;
  float largest = -std::numeric_limits<float>::infinity();
  for (size_t i = 0; i < logits.size(); ++i) {
    if (logits[i] > largest) {
      largest = logits[i];
      best = static_cast<int32_t>(i);
    }
  }
  return best;
}

int32_t sample_row(const SamplingRow& row, SamplingScratch& scratch) {
  std::vector<float>& logits = scratch.logits;
  adjust(row, logits);
  if (std::none_of(logits.begin(), logits.end(), [](float x) { return std::isfinite(x); })) {
    throw Error(ErrorCode::kInvalidArgument, "sampling from a row without any finite logit");
  }
  if (row.temperature == 0) return argmax_row(logits);

  Candidates& candidates = scratch.candidates;
  const size_t k = row.top_k == 0 ? logits.size() : static_cast<size_t>(row.top_k);
  select_top(logits, std::min(k, logits.size()), candidates);
  float max = -std::numeric_limits<float>::infinity();
  for (const Candidate& c : candidates) max = std::max(max, c.logit);
  double sum = weigh(candidates, max, row.temperature);
  if (row.typical_p < 1) sum = keep_typical(candidates, sum, row.typical_p);
  if (row.top_p < 1 || row.min_p > 0) sum = keep_head(candidates, sum, row);
  const double beyond = std::nextafter(row.uniform * sum, std::numeric_limits<double>::max());
  return candidates[sort_head(candidates, beyond, ranks_before) - 1].token;
}

}  // namespace ferrum
