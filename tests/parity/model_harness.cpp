#include "parity/model_harness.h"

#include <algorithm>
#include <numeric>

#include "conformance/capability_checks.h"

namespace ferrum {

ModelHarness::ModelHarness(const std::string& directory, const Options& options) {
  BackendConfig config;
  if (!options.isa.empty()) config.backend_options["isa"] = options.isa;
  backend_ = parts_.backends.get("cpu").create(config);
  backend_->initialize(Device::cpu());
  EngineConfig engine;
  engine.dtype = options.dtype;
  engine.weights.enable_caching = false;
  source_ = std::make_unique<FileModelSource>(open_model(parts_.weights, directory), parts_,
                                              *backend_, engine);
  spec_ = source_->parse_config(parts_.models);
  source_->prepare(spec_->weights());
  model_ = spec_->create(source_->lookup(Device::cpu(), {}, {}), *backend_,
                         {Device::cpu(), options.activation_dtype, kMaxTokens, kMaxTokens});
  cache_ = std::make_unique<KvCache>(spec_->info(), options.activation_dtype, kMaxTokens,
                                     Device::cpu(), backend_->tensor_factory());
}

std::vector<std::vector<float>> ModelHarness::logits(const std::vector<int32_t>& prompt,
                                                     int64_t chunk) {
  std::vector<std::vector<float>> logits;
  const auto length = static_cast<int64_t>(prompt.size());
  for (int64_t first = 0; first < length; first += chunk) {
    step(prompt, first, std::min(chunk, length - first), logits);
  }
  return logits;
}

void ModelHarness::step(const std::vector<int32_t>& prompt, int64_t first, int64_t count,
                        std::vector<std::vector<float>>& logits) {
  // The blocks in reverse order, so that a kernel that ignored the table would be found out.
  const int64_t blocks = cache_->blocks().total();
  std::vector<int32_t> table(static_cast<size_t>(blocks));
  std::iota(table.rbegin(), table.rend(), 0);
  std::vector<int64_t> slots;
  for (int64_t p = first; p < first + count; ++p) {
    slots.push_back(table[static_cast<size_t>(p / 16)] * 16 + p % 16);
  }
  std::vector<int32_t> rows(static_cast<size_t>(count));
  std::iota(rows.begin(), rows.end(), 0);
  const std::vector<StepItem> items{{count, first, static_cast<int64_t>(prompt.size())}};
  const std::vector<int32_t> ids(prompt.begin() + first, prompt.begin() + first + count);

  StepBatch batch;
  batch.items = items;
  batch.token_ids = tensor<int32_t>(ids, {count});
  batch.slots = tensor<int64_t>(slots, {count});
  batch.layout.query_start = tensor<int32_t>({0, static_cast<int32_t>(count)}, {2});
  batch.layout.context_length = tensor<int32_t>({static_cast<int32_t>(first + count)}, {1});
  batch.layout.block_table = tensor<int32_t>(table, {1, blocks});
  batch.layout.max_query = count;
  batch.layout.max_context = first + count;
  batch.logit_rows = tensor<int32_t>(rows, {count});
  batch.kv = cache_->layers();

  const int64_t vocab = model_->info().vocab_size;
  const Tensor out =
      backend_->tensor_factory().empty({count, vocab}, DataType::kF32, Device::cpu());
  const int64_t heap_before = conformance::heap_bytes_taken();
  model_->forward(batch, out);
  heap_bytes_ = conformance::heap_bytes_taken() - heap_before;
  for (int64_t row = 0; row < count; ++row) {
    const float* data = out.data<float>() + row * vocab;
    logits.emplace_back(data, data + vocab);
  }
}

}  // namespace ferrum
