#include "engine/step_runner.h"

#include <algorithm>

#include "ferrum/tensor/composed_ops.h"

namespace ferrum {

StepRunner::StepRunner(Model& model, KvCache& cache, ComputeBackend& backend,
                       const Device& device, const StepLimits& limits)
    : model_(model),
      cache_(cache),
      ops_(resolve_kernel_ops(backend.kernel_ops(), backend.tensor_ops(),
                              backend.tensor_factory())),
      max_blocks_(BlockPool::blocks_for(limits.max_context)),
      token_ids_({limits.max_step_tokens}, device, backend.tensor_factory(),
                 backend.memory_manager()),
      slots_({limits.max_step_tokens}, device, backend.tensor_factory(), backend.memory_manager()),
      query_start_({limits.max_sequences + 1}, device, backend.tensor_factory(),
                   backend.memory_manager()),
      context_length_({limits.max_sequences}, device, backend.tensor_factory(),
                      backend.memory_manager()),
      block_table_({limits.max_sequences, max_blocks_}, device, backend.tensor_factory(),
                   backend.memory_manager()),
      logit_rows_({limits.max_sequences}, device, backend.tensor_factory(),
                  backend.memory_manager()),
      drawn_({limits.max_sequences}, device, backend.tensor_factory(), backend.memory_manager()),
      logits_(backend.tensor_factory().empty({limits.max_sequences, model.info().vocab_size},
                                             DataType::kF32, device)) {
  items_.reserve(static_cast<size_t>(limits.max_sequences));
  rows_.reserve(static_cast<size_t>(limits.max_sequences));
  results_.reserve(static_cast<size_t>(limits.max_sequences));
}

int64_t StepRunner::workspace_bytes(const ModelInfo& info, const StepLimits& limits) {
  const int64_t blocks = BlockPool::blocks_for(limits.max_context);
  return limits.max_sequences * 4 * (info.vocab_size + blocks + 4) + limits.max_step_tokens * 12;
}

std::span<StepRunner::Result> StepRunner::run(std::span<const ScheduledItem> items) {
  const StepBatch batch = write_batch(items);
  model_.forward(batch, logits_.narrow(0, 0, batch.logit_rows.dim(0)));
  for (const ScheduledItem& item : items) item.sequence->cached += item.tokens;
  sample();
  return results_;
}

StepBatch StepRunner::write_batch(std::span<const ScheduledItem> items) {
  items_.clear();
  results_.clear();
  StepBatch batch;
  const auto count = static_cast<int64_t>(items.size());
  int64_t tokens = 0;
  query_start_.host()[0] = 0;
  for (size_t i = 0; i < items.size(); ++i) {
    const ScheduledItem& item = items[i];
    const Sequence& sequence = *item.sequence;
    items_.push_back({item.tokens, sequence.cached, sequence.prompt_length});
    write_tokens(item, tokens);
    std::copy(sequence.blocks.ids.begin(), sequence.blocks.ids.end(),
              block_table_.host().begin() + static_cast<int64_t>(i) * max_blocks_);
    tokens += item.tokens;
    const int64_t context = sequence.cached + item.tokens;
    query_start_.host()[i + 1] = static_cast<int32_t>(tokens);
    context_length_.host()[i] = static_cast<int32_t>(context);
    batch.layout.max_query = std::max(batch.layout.max_query, item.tokens);
    batch.layout.max_context = std::max(batch.layout.max_context, context);
    if (item.is_complete()) {
      logit_rows_.host()[results_.size()] = static_cast<int32_t>(tokens - 1);
      results_.push_back({item.sequence, 0, nullptr});
    }
  }
  const auto rows = static_cast<int64_t>(results_.size());
  token_ids_.upload(tokens);
  slots_.upload(tokens);
  query_start_.upload(count + 1);
  context_length_.upload(count);
  block_table_.upload(count);
  logit_rows_.upload(rows);

  batch.items = items_;
  batch.token_ids = token_ids_.device(tokens);
  batch.slots = slots_.device(tokens);
  batch.layout.query_start = query_start_.device(count + 1);
  batch.layout.context_length = context_length_.device(count);
  batch.layout.block_table = block_table_.device(count);
  batch.logit_rows = logit_rows_.device(rows);
  batch.kv = cache_.layers();
  return batch;
}

void StepRunner::write_tokens(const ScheduledItem& item, int64_t first_token) {
  constexpr int64_t kBlock = BlockPool::kBlockTokens;
  const Sequence& sequence = *item.sequence;
  const std::span<int32_t> ids = token_ids_.host();
  const std::span<int64_t> slots = slots_.host();
  for (int64_t j = 0; j < item.tokens; ++j) {
    const int64_t position = sequence.cached + j;
    const auto row = static_cast<size_t>(first_token + j);
    ids[row] = sequence.tokens[static_cast<size_t>(position)];
    slots[row] =
        sequence.blocks.ids[static_cast<size_t>(position / kBlock)] * kBlock + position % kBlock;
  }
}

// All rows at once; if that fails, each by itself, so that one request's logits fail no other's.
void StepRunner::sample() {
  const auto count = static_cast<int64_t>(results_.size());
  if (count == 0) return;
  try {
    sample_rows(0, count);
  } catch (const Error&) {
    for (int64_t i = 0; i < count; ++i) {
      try {
        sample_rows(i, 1);
      } catch (const Error&) {
        results_[static_cast<size_t>(i)].error = std::current_exception();
      }
    }
  }
}

void StepRunner::sample_rows(int64_t first, int64_t count) {
  const Tensor logits = logits_.narrow(0, first, count);
  const Tensor out = drawn_.device(count);
  const std::span<Result> results(results_.data() + first, static_cast<size_t>(count));
  const auto is_argmax = [](const Result& r) { return r.sequence->sampler.is_argmax(); };
  if (std::all_of(results.begin(), results.end(), is_argmax)) {
    ops_->sampling()->argmax(logits, out);
  } else {
    rows_.clear();
    for (const Result& result : results) rows_.push_back(result.sequence->sampler.row());
    ops_->sampling()->sample(logits, rows_, out);
  }
  drawn_.download(count);
  for (size_t i = 0; i < results.size(); ++i) {
    results[i].token = drawn_.host()[i];
    if (results[i].token >= 0) continue;
    results[i].error = std::make_exception_ptr(
        Error(ErrorCode::kInvalidFormat, "the model gave no finite logit",
              "its weights may be damaged: --debug names those that hold NaN"));
  }
}

}  // namespace ferrum
