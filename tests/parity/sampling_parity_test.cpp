// Sampling laws against transformers' logits processors, by the backend's own kernel and composed.

#include <gtest/gtest.h>

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
    backend_ = parts_.backends.get("cpu").create({});
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

  Parts parts_ = create_parts();
  std::unique_ptr<ComputeBackend> backend_;
};

TEST_F(SamplingParity, OfTheBackend) {
  const auto ops = resolve_kernel_ops(backend_->kernel_ops(), backend_->tensor_ops(),
                                      backend_->tensor_factory());
  check(*ops->sampling());
}

TEST_F(SamplingParity, Composed) {
  const auto ops = create_composed_ops(backend_->tensor_ops(), backend_->tensor_factory());
  check(*ops->sampling());
}

}  // namespace
}  // namespace ferrum
