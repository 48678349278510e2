#include <gtest/gtest.h>

#include <map>

#include "conformance/targets.h"

namespace ferrum::conformance {
namespace {

const std::map<std::string, OpCases>& cases_by_op() {
  static const std::map<std::string, OpCases> grouped = [] {
    std::map<std::string, OpCases> by_op;
    for (OpCase& op_case : all_cases()) by_op[op_case.op].push_back(op_case);
    return by_op;
  }();
  return grouped;
}

class Conformance : public testing::TestWithParam<std::tuple<Target, std::string>> {};

TEST_P(Conformance, AgreesWithTheReference) {
  RunningTarget target(std::get<0>(GetParam()));
  const OpCases& cases = cases_by_op().at(std::get<1>(GetParam()));
  int failed = 0;
  for (const OpCase& op_case : cases) {
    for (const std::string& failure : PreparedCase(op_case, target.kernels()).check()) {
      ADD_FAILURE() << failure;
      if (++failed == 10) GTEST_FAIL() << "and perhaps more";
    }
  }
}

std::vector<std::string> ops() {
  std::vector<std::string> names;
  for (const auto& [op, cases] : cases_by_op()) names.push_back(op);
  return names;
}

std::string test_name(const testing::TestParamInfo<Conformance::ParamType>& info) {
  std::string name = std::get<0>(info.param).name + "_" + std::get<1>(info.param);
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(AllBackends, Conformance,
                         testing::Combine(testing::ValuesIn(targets()), testing::ValuesIn(ops())),
                         test_name);

// The suite must be able to fail: operations broken in one way each, and what the check says.
class BrokenOps final : public TensorOps {
 public:
  enum class Defect { kNone, kLastElement, kOutside, kPrecision };
  BrokenOps(TensorOps& good, Defect defect) : good_(good), defect_(defect) {}

  void add(const Tensor& a, const Tensor& b, const Tensor& out) override {
    good_.add(a, b, out);
    if (out.numel() == 0 || out.dtype() != DataType::kF32 || !out.is_contiguous()) return;
    float* data = out.mutable_data<float>();
    const int64_t n = out.numel();
    if (defect_ == Defect::kLastElement) data[n - 1] = 0;
    if (defect_ == Defect::kOutside) data[n] = 0;
    if (defect_ == Defect::kPrecision) data[n / 2] *= 1.000001f;
  }
  void matmul(const Tensor& a, const Tensor& b, const Tensor& o) override { good_.matmul(a, b, o); }
  void sub(const Tensor& a, const Tensor& b, const Tensor& o) override { good_.sub(a, b, o); }
  void mul(const Tensor& a, const Tensor& b, const Tensor& o) override { good_.mul(a, b, o); }
  void div(const Tensor& a, const Tensor& b, const Tensor& o) override { good_.div(a, b, o); }
  void softmax(const Tensor& x, int dim, const Tensor& o) override { good_.softmax(x, dim, o); }
  void layer_norm(const Tensor& x, const Tensor& w, const Tensor& b, float eps,
                  const Tensor& o) override {
    good_.layer_norm(x, w, b, eps, o);
  }
  void rms_norm(const Tensor& x, const Tensor& w, float eps, const Tensor& o) override {
    good_.rms_norm(x, w, eps, o);
  }
  void relu(const Tensor& x, const Tensor& o) override { good_.relu(x, o); }
  void gelu(const Tensor& x, const Tensor& o) override { good_.gelu(x, o); }
  void silu(const Tensor& x, const Tensor& o) override { good_.silu(x, o); }
  void concat(std::span<const Tensor> p, int dim, const Tensor& o) override {
    good_.concat(p, dim, o);
  }
  void cast(const Tensor& x, const Tensor& o) override { good_.cast(x, o); }
  void gather_rows(const Tensor& t, const Tensor& i, const Tensor& o) override {
    good_.gather_rows(t, i, o);
  }

 private:
  TensorOps& good_;
  Defect defect_;
};

TEST(ConformanceSuite, FindsDefects) {
  RunningTarget target(targets().front());
  const auto failures_with = [&](BrokenOps::Defect defect) {
    BrokenOps broken(target.kernels().ops, defect);
    Kernels kernels{broken, target.kernels().groups, target.kernels().factory,
                    target.kernels().device};
    std::vector<std::string> failures;
    for (const OpCase& op_case : cases_by_op().at("add")) {
      for (auto& failure : PreparedCase(op_case, kernels).check()) failures.push_back(failure);
    }
    return failures;
  };
  EXPECT_EQ(failures_with(BrokenOps::Defect::kNone).size(), 0u);
  EXPECT_GE(failures_with(BrokenOps::Defect::kLastElement).size(), 5u);
  EXPECT_GE(failures_with(BrokenOps::Defect::kPrecision).size(), 3u);
  const auto outside = failures_with(BrokenOps::Defect::kOutside);
  ASSERT_GE(outside.size(), 5u);
  EXPECT_NE(outside[0].find("wrote outside"), std::string::npos) << outside[0];
}

}  // namespace
}  // namespace ferrum::conformance
