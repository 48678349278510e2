#include "conformance/capability_checks.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numeric>

#include "ferrum/tensor/composed_ops.h"

namespace ferrum::conformance {
namespace {

// Whether a call succeeds; only a refusal counts as a no.
bool works(const std::function<bool()>& call) {
  try {
    return call();
  } catch (const Error&) {
    return false;
  }
}

class Checker {
 public:
  Checker(ComputeBackend& backend, const Device& device)
      : ops_(backend.tensor_ops()),
        factory_(backend.tensor_factory()),
        memory_(backend.memory_manager()),
        own_(backend.kernel_ops()),
        device_(device) {}

  Tensor make(const Shape& shape, DataType dtype) {
    return factory_.normal(shape, dtype, device_, 0, 1, 1);
  }
  Tensor empty(const Shape& shape, DataType dtype) { return factory_.empty(shape, dtype, device_); }
  Tensor indices(std::vector<int32_t> values, const Shape& shape) {
    return factory_.from_values(std::span<const int32_t>(values), shape, device_);
  }
  float first(const Tensor& t) {
    const Tensor as_float = empty(t.shape(), DataType::kF32);
    ops_.cast(t, as_float);
    return factory_.to_device(as_float, Device::cpu()).data<float>()[0];
  }

  bool casts(DataType dtype) {
    const Tensor one = factory_.ones({1}, DataType::kF32, device_);
    const Tensor stored = empty({1}, dtype);
    ops_.cast(one, stored);
    return first(stored) == 1;
  }

  bool has_rank(int rank) {
    const std::vector<int64_t> ones(static_cast<size_t>(rank), 1);
    const Tensor t = factory_.ones(Shape(std::span<const int64_t>(ones)), DataType::kF32, device_);
    ops_.add(t, t, t);
    return first(t) == 2;
  }

  // Weights and activations of this type in every group.
  bool computes_in(DataType dtype) {
    const auto all = resolve_kernel_ops(own_, ops_, factory_);
    const Tensor x = make({4, 64}, dtype), out = empty({4, 64}, dtype);
    const Tensor weight = make({64, 64}, dtype), norm = make({64}, dtype);
    ops_.add(x, x, out);
    ops_.matmul(x, weight, out);
    ops_.softmax(x, -1, out);
    all->norm()->rms_norm(x, norm, 1e-5f, out);
    all->activation()->silu_mul(x, x, out);
    const auto packed = all->linear()->pack(weight);
    all->linear()->linear(x, *packed, Tensor(), out);
    const Tensor table = make({8, 16}, DataType::kF32);
    all->position()->rotary_embedding(out.reshape({4, 2, 32}), table, table,
                                      indices({0, 1, 2, 3}, {4}));
    all->sampling()->argmax(out, empty({4}, DataType::kI32));
    attend(*all->attention(), 2, 40, false, dtype);
    return std::isfinite(first(out));
  }

  // Decodes one token of each of `items` sequences of `context` tokens, blocks in order or not;
  // the first output element.
  float attend(AttentionOps& attention, int64_t items, int64_t context, bool shuffled,
               DataType dtype = DataType::kF32) {
    const int64_t blocks = (context + 15) / 16;
    std::vector<int32_t> starts(static_cast<size_t>(items + 1));
    std::iota(starts.begin(), starts.end(), 0);
    std::vector<int32_t> table;
    for (int64_t i = 0; i < items; ++i) {
      for (int64_t b = 0; b < blocks; ++b) {
        table.push_back(static_cast<int32_t>(shuffled ? blocks - 1 - b : b));
      }
    }
    const PagedLayout layout{
        indices(starts, {items + 1}),
        indices(std::vector<int32_t>(static_cast<size_t>(items), static_cast<int32_t>(context)),
                {items}),
        indices(table, {items, blocks}), 1, context};
    const Tensor k = make({context, 1, 32}, dtype), v = make({context, 1, 32}, dtype);
    const Tensor k_cache = factory_.zeros({blocks, 1, 16, 32}, dtype, device_);
    const Tensor v_cache = factory_.zeros({blocks, 1, 16, 32}, dtype, device_);
    std::vector<int64_t> slots;
    for (int64_t t = 0; t < context; ++t) slots.push_back(table[t / 16] * 16 + t % 16);
    // Held until the end: what is freed before the measurement would count as its peak.
    const Tensor slot_indices =
        factory_.from_values(std::span<const int64_t>(slots), {context}, device_);
    attention.write_kv(k, v, slot_indices, k_cache, v_cache);
    const Tensor q = make({items, 2, 32}, dtype), out = empty({items, 2, 32}, dtype);
    const int64_t heap = heap_bytes_taken();
    const int64_t before = memory_.memory_info(device_).used;
    attention.paged_attention(q, k_cache, v_cache, layout, {0.17f, 0}, out);
    const MemoryInfo after = memory_.memory_info(device_);
    scratch_ = heap_bytes_taken() - heap + std::max<int64_t>(0, after.peak - before);
    return first(out);
  }

  bool attends_in_pages() {
    if (!own_ || !own_->attention()) return false;
    const float in_order = attend(*own_->attention(), 3, 100, false);
    return attend(*own_->attention(), 3, 100, true) == in_order && in_order != 0;
  }

  // The peak counts what went before too, so the long context must come last.
  bool attention_scratch_is_bounded() {
    if (!own_ || !own_->attention()) return false;
    attend(*own_->attention(), 1, 1024, false);
    const int64_t brief = scratch_;
    attend(*own_->attention(), 1, 65536, false);
    return scratch_ <= brief + (int64_t{64} << 10);
  }

  // In bf16, 1 + 2^-10 is 1. One token and many may be the work of different kernels.
  bool rounds_to_bf16(int64_t tokens) {
    const auto all = resolve_kernel_ops(own_, ops_, factory_);
    const auto weight = all->linear()->pack(factory_.ones({8, 64}, DataType::kBF16, device_));
    const std::vector<float> values(static_cast<size_t>(tokens * 64), 1 + 1.0f / 1024);
    const Tensor x = factory_.from_values(std::span<const float>(values), {tokens, 64}, device_);
    const Tensor out = empty({tokens, 8}, DataType::kF32);
    all->linear()->linear(x, *weight, Tensor(), out);
    return first(out) == 64;
  }

  bool packs_int8() {
    const Tensor weight = factory_.ones({8, 8}, DataType::kI8, device_);
    return own_ && own_->linear() && own_->linear()->pack(weight)->size_bytes() < 8 * 8 * 2;
  }

  bool aligns(int64_t alignment) {
    if (alignment < 1) return false;
    for (const int64_t bytes : {1, 7, 100, 4097, 1 << 20}) {
      const auto block = memory_.allocate(device_, bytes);
      if (reinterpret_cast<uintptr_t>(block->data()) % static_cast<uintptr_t>(alignment) != 0) {
        return false;
      }
      kept_.push_back(block);
    }
    return true;
  }

  bool holds_batch(int64_t items) {
    if (items < 1) return false;
    const auto all = resolve_kernel_ops(own_, ops_, factory_);
    return std::isfinite(attend(*all->attention(), std::min<int64_t>(items, 500), 33, false));
  }

  bool holds_sequence(int64_t tokens) {
    if (tokens < 1) return false;
    const auto all = resolve_kernel_ops(own_, ops_, factory_);
    return std::isfinite(attend(*all->attention(), 1, std::min<int64_t>(tokens, 100000), false));
  }

 private:
  TensorOps& ops_;
  TensorFactory& factory_;
  DeviceMemoryManager& memory_;
  KernelOps* own_;
  Device device_;
  int64_t scratch_ = 0;
  std::vector<std::shared_ptr<Storage>> kept_;
};

}  // namespace

std::vector<std::string> false_claims(ComputeBackend& backend, const BackendCapabilities& claimed,
                                      const Device& device) {
  std::vector<std::string> failures;
  const auto compare = [&](const std::string& what, bool claim, bool is) {
    if (claim == is) return;
    failures.push_back(what + (claim ? " is claimed and does not work" : " works unclaimed"));
  };
  const auto contains = [](const auto& list, const auto& value) {
    return std::find(list.begin(), list.end(), value) != list.end();
  };
  Checker check(backend, device);
  for (const DataType dtype : all_dtypes()) {
    compare("dtype " + std::string(to_string(dtype)), contains(claimed.supported_dtypes, dtype),
            works([&] { return check.casts(dtype); }));
  }
  for (const Device& other : {Device::cpu(), Device{"cpu", 1}, Device{"cuda", 0}, device}) {
    compare("device " + to_string(other), contains(claimed.supported_devices, other),
            backend.supports_device(other));
  }
  for (int rank = 1; rank <= Shape::kMaxRank; ++rank) {
    compare("rank " + std::to_string(rank), rank <= claimed.max_tensor_dims,
            works([&] { return check.has_rank(rank); }));
  }
  compare("fp16", claimed.supports_fp16, works([&] { return check.computes_in(DataType::kF16); }));
  compare("bf16", claimed.supports_bf16, works([&] { return check.computes_in(DataType::kBF16); }));
  compare("native bf16", claimed.supports_native_bf16,
          works([&] { return check.rounds_to_bf16(1) && check.rounds_to_bf16(64); }));
  compare("int8", claimed.supports_int8, works([&] { return check.packs_int8(); }));
  compare("flash attention", claimed.supports_flash_attention,
          works([&] { return check.attention_scratch_is_bounded(); }));
  compare("paged attention", claimed.supports_paged_attention,
          works([&] { return check.attends_in_pages(); }));
  compare("the batch size", true, works([&] { return check.holds_batch(claimed.max_batch_size); }));
  compare("the sequence length", true,
          works([&] { return check.holds_sequence(claimed.max_sequence_length); }));
  compare("the alignment", true, works([&] { return check.aligns(claimed.memory_alignment); }));
  compare("custom kernels", claimed.supports_custom_kernels, backend.kernel_executor() != nullptr);
  // No contract of a backend offers these yet, so none can have them.
  compare("tensor parallelism", claimed.supports_tensor_parallelism, false);
  compare("pipeline parallelism", claimed.supports_pipeline_parallelism, false);
  compare("CUDA graphs", claimed.supports_cuda_graphs, false);
  return failures;
}

}  // namespace ferrum::conformance
