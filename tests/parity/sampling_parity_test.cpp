// Sampling laws against transformers' logits processors, by the backend's own kernel and composed.

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <iterator>

#include "engine/sampler.h"
#include "ferrum/engine/parts.h"
#include "ferrum/tensor/composed_ops.h"

namespace ferrum {
namespace {

Json read_cases() {
  std::ifstream file(FERRUM_SOURCE_DIR "/tests/parity/sampling.json");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return parse_json(text, "sampling.json");
}

class SamplingParity : public ::testing::Test {
 protected:
  SamplingParity() {
    const BackendConfig config;
    backend_ = parts_.backends.get(config.backend_type).create(config);
    backend_->initialize(Device::cpu());
  }

  int32_t draw(SamplingOps& ops, const std::vector<float>& logits, SamplingRow row,
               double uniform) {
    TensorFactory& factory = backend_->tensor_factory();
    const auto vocab = static_cast<int64_t>(logits.size());
    const Tensor in = factory.from_values<float>(logits, {1, vocab}, Device::cpu());
    const Tensor out = factory.zeros({1}, DataType::kI32, Device::cpu());
    row.uniform = uniform;
    ops.sample(in, {&row, 1}, out);
    return *out.data<int32_t>();
  }

  void check(SamplingOps& ops) {
    for (const Json& each : read_cases()) {
      const auto params = each.at("parameters").get<SamplingParams>();
      const auto tokens = each.at("tokens").get<std::vector<int32_t>>();
      const auto prompt = each.at("prompt_length").get<size_t>();
      Sampler sampler(params, std::span(tokens).first(prompt));
      for (size_t i = prompt; i < tokens.size(); ++i) sampler.accept(tokens[i]);
      const auto logits = each.at("logits").get<std::vector<float>>();
      for (const Json& pair : each.at("draws")) {
        EXPECT_EQ(draw(ops, logits, sampler.row(), pair.at(0)), pair.at(1).get<int32_t>())
            << each.at("parameters") << " at " << pair.at(0);
      }
    }
  }

  // Chi-square of 20,000 draws over 8 tokens; the bound is the 1 - 1e-6 quantile for 7 degrees.
  void check_frequencies(SamplingOps& ops) {
    const std::vector<float> logits{0.0f, 1.0f, -1.0f, 2.0f, 0.5f, 1.5f, -0.5f, 0.25f};
    constexpr double kTemperature = 0.8;
    constexpr int kDraws = 20000;
    double total = 0;
    for (const float logit : logits) total += std::exp(logit / kTemperature);
    SamplingParams params;
    params.temperature = kTemperature;
    params.seed = 1234;
    Sampler sampler(params, {});
    std::vector<int> counts(logits.size());
    for (int i = 0; i < kDraws; ++i) {
      const int32_t token = draw(ops, logits, sampler.row(), sampler.row().uniform);
      ++counts[static_cast<size_t>(token)];
      sampler.accept(token);
    }
    double chi_square = 0;
    for (size_t t = 0; t < logits.size(); ++t) {
      const double expected = kDraws * std::exp(logits[t] / kTemperature) / total;
      chi_square += (counts[t] - expected) * (counts[t] - expected) / expected;
    }
    EXPECT_LT(chi_square, 40.5);
  }

  Parts parts_ = create_parts();
  std::unique_ptr<ComputeBackend> backend_;
};

TEST_F(SamplingParity, OfTheBackend) {
  const auto ops = resolve_kernel_ops(backend_->kernel_ops(), backend_->tensor_ops(),
                                      backend_->tensor_factory());
  check(*ops->sampling());
  check_frequencies(*ops->sampling());
}

TEST_F(SamplingParity, Composed) {
  const auto ops = create_composed_ops(backend_->tensor_ops(), backend_->tensor_factory());
  check(*ops->sampling());
  check_frequencies(*ops->sampling());
}

}  // namespace
}  // namespace ferrum
