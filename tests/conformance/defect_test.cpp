// The suite must be able to fail: the attention and sampling groups, broken in one way each.

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "conformance/targets.h"

namespace ferrum::conformance {
namespace {

class BrokenAttention final : public AttentionOps {
 public:
  enum class Defect { kNone, kWindow, kScale, kBlocks, kBefore, kSwapped, kSlot };
  BrokenAttention(AttentionOps& good, Defect defect) : good_(good), defect_(defect) {}

  void write_kv(const Tensor& k, const Tensor& v, const Tensor& slots, const Tensor& k_cache,
                const Tensor& v_cache) override {
    const bool swapped = defect_ == Defect::kSwapped;
    good_.write_kv(swapped ? v : k, swapped ? k : v, slots, k_cache, v_cache);
    if (defect_ != Defect::kSlot || k_cache.dtype() != DataType::kF32) return;
    k_cache.mutable_data<float>()[0] = 0;  // slot 0, which no case names
  }

  void paged_attention(const Tensor& q, const Tensor& k_cache, const Tensor& v_cache,
                       const PagedLayout& layout, const AttentionParams& params,
                       const Tensor& out) override {
    AttentionParams changed = params;
    if (defect_ == Defect::kWindow && params.sliding_window > 0) ++changed.sliding_window;
    if (defect_ == Defect::kScale) changed.scale *= 1.001f;
    const auto swap_blocks = [&] {
      if (defect_ != Defect::kBlocks) return;
      const Tensor& table = layout.block_table;
      for (int64_t item = 0; item < table.dim(0); ++item) {
        int32_t* const row = table.mutable_data<int32_t>() + item * table.stride(0);
        std::reverse(row, std::find(row, row + table.dim(1), -1));
      }
    };
    swap_blocks();
    good_.paged_attention(q, k_cache, v_cache, layout, changed, out);
    swap_blocks();  // back, so that only the result tells
    if (defect_ != Defect::kBefore || out.dtype() != DataType::kF32) return;
    out.mutable_data<float>()[-1] = 0;
  }

 private:
  AttentionOps& good_;
  Defect defect_;
};

// Follows another law than it is asked to, or ranks the last of equal logits first.
class BrokenSampling final : public SamplingOps {
 public:
  using Change = std::function<void(SamplingRow&)>;
  BrokenSampling(SamplingOps& good, Change change, bool last_of_equals = false)
      : good_(good), change_(std::move(change)), last_of_equals_(last_of_equals) {}

  void argmax(const Tensor& logits, const Tensor& out) override { good_.argmax(logits, out); }
  void sample(const Tensor& logits, std::span<const SamplingRow> rows, const Tensor& out) override {
    std::vector<SamplingRow> changed(rows.begin(), rows.end());
    for (SamplingRow& row : changed) change_(row);
    good_.sample(logits, changed, out);
    if (!last_of_equals_ || logits.dtype() != DataType::kF32 || !logits.is_contiguous()) return;
    for (int64_t r = 0; r < logits.dim(0); ++r) {
      const float* row = logits.data<float>() + r * logits.dim(1);
      int32_t& token = out.mutable_data<int32_t>()[r];
      for (auto t = static_cast<int32_t>(logits.dim(1)) - 1; t > token; --t) {
        if (row[t] == row[token]) token = t;
      }
    }
  }

 private:
  SamplingOps& good_;
  Change change_;
  bool last_of_equals_;
};

struct BrokenGroups final : KernelOps {
  AttentionOps* attention() override { return attention_ops; }
  SamplingOps* sampling() override { return sampling_ops; }
  AttentionOps* attention_ops = nullptr;
  SamplingOps* sampling_ops = nullptr;
};

std::vector<std::string> failures_of(RunningTarget& target, BrokenGroups groups,
                                     const OpCases& cases) {
  Kernels kernels{target.kernels().ops, groups, target.kernels().factory, target.kernels().device};
  std::vector<std::string> failures;
  for (const OpCase& op_case : cases) {
    for (auto& failure : PreparedCase(op_case, kernels).check()) failures.push_back(failure);
  }
  return failures;
}

TEST(ConformanceSuite, FindsDefectsOfAttention) {
  using Defect = BrokenAttention::Defect;
  RunningTarget target(targets().front());
  OpCases cases;
  add_attention_cases(cases);
  const auto failures_with = [&](Defect defect) {
    BrokenAttention broken(*target.kernels().groups.attention(), defect);
    BrokenGroups groups;
    groups.attention_ops = &broken;
    return failures_of(target, groups, cases);
  };
  EXPECT_EQ(failures_with(Defect::kNone).size(), 0u);
  EXPECT_GE(failures_with(Defect::kWindow).size(), 9u);
  EXPECT_GE(failures_with(Defect::kScale).size(), 40u);
  EXPECT_GE(failures_with(Defect::kSwapped).size(), 40u);
  EXPECT_GE(failures_with(Defect::kBlocks).size(), 40u);
  EXPECT_GE(failures_with(Defect::kSlot).size(), 9u);
  const auto before = failures_with(Defect::kBefore);
  ASSERT_GE(before.size(), 40u);
  EXPECT_NE(before[0].find("wrote outside"), std::string::npos) << before[0];
}

TEST(ConformanceSuite, FindsDefectsOfSampling) {
  RunningTarget target(targets().front());
  OpCases cases;
  add_sampling_cases(cases);
  const auto failures_with = [&](BrokenSampling::Change change, bool last_of_equals = false) {
    BrokenSampling broken(*target.kernels().groups.sampling(), std::move(change), last_of_equals);
    BrokenGroups groups;
    groups.sampling_ops = &broken;
    return failures_of(target, groups, cases).size();
  };
  EXPECT_EQ(failures_with([](SamplingRow&) {}), 0u);
  EXPECT_GE(failures_with([](SamplingRow&) {}, true), 3u);
  const std::vector<std::pair<const char*, BrokenSampling::Change>> defects{
      {"temperature", [](auto& row) { row.temperature *= 1.1f; }},
      {"top_k", [](auto& row) { row.top_k = 0; }},
      {"top_p", [](auto& row) { row.top_p = 1; }},
      {"min_p", [](auto& row) { row.min_p = 0; }},
      {"typical_p", [](auto& row) { row.typical_p = 1; }},
      {"repetition_penalty", [](auto& row) { row.repetition_penalty = 1; }},
      {"presence_penalty", [](auto& row) { row.presence_penalty = 0; }},
      {"frequency_penalty", [](auto& row) { row.frequency_penalty = 0; }},
      {"uniform", [](auto& row) { row.uniform *= 0.99; }},
      {"bias", [](auto& row) { row.bias = {}; }},
  };
  for (const auto& [name, change] : defects) EXPECT_GE(failures_with(change), 12u) << name;
}

}  // namespace
}  // namespace ferrum::conformance
