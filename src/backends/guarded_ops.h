#pragma once
// Decorators that put every interface of a backend behind one OpGuard. They exist as long as the
// backend; the parts they guard are bound while it is initialized.

#include "backends/op_guard.h"
#include "ferrum/tensor/device_memory.h"
#include "ferrum/tensor/kernel_ops.h"
#include "ferrum/tensor/tensor_factory.h"
#include "ferrum/tensor/tensor_ops.h"

namespace ferrum {

template <class Interface>
class Guarded : public Interface {
 public:
  explicit Guarded(OpGuard& guard) : guard_(guard) {}

  // `inner` is borrowed; the guard's state must keep calls out while it is null or changes.
  void bind(Interface* inner) { inner_ = inner; }

 protected:
  OpGuard& guard_;
  Interface* inner_ = nullptr;
};

class GuardedTensorOps final : public Guarded<TensorOps> {
 public:
  using Guarded::Guarded;
  void matmul(const Tensor& a, const Tensor& b, const Tensor& out) override;
  void add(const Tensor& a, const Tensor& b, const Tensor& out) override;
  void sub(const Tensor& a, const Tensor& b, const Tensor& out) override;
  void mul(const Tensor& a, const Tensor& b, const Tensor& out) override;
  void div(const Tensor& a, const Tensor& b, const Tensor& out) override;
  void softmax(const Tensor& x, int dim, const Tensor& out) override;
  void layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, float eps,
                  const Tensor& out) override;
  void rms_norm(const Tensor& x, const Tensor& weight, float eps, const Tensor& out) override;
  void relu(const Tensor& x, const Tensor& out) override;
  void gelu(const Tensor& x, const Tensor& out) override;
  void silu(const Tensor& x, const Tensor& out) override;
  void concat(std::span<const Tensor> parts, int dim, const Tensor& out) override;
  void cast(const Tensor& x, const Tensor& out) override;
  void gather_rows(const Tensor& table, const Tensor& indices, const Tensor& out) override;
};

class GuardedNormOps final : public Guarded<NormOps> {
 public:
  using Guarded::Guarded;
  void rms_norm(const Tensor& x, const Tensor& weight, float eps, const Tensor& out) override;
  void add_rms_norm(const Tensor& x, const Tensor& residual, const Tensor& weight, float eps,
                    const Tensor& out) override;
};

class GuardedPositionOps final : public Guarded<PositionOps> {
 public:
  using Guarded::Guarded;
  void rotary_embedding(const Tensor& x, const Tensor& cos, const Tensor& sin,
                        const Tensor& positions) override;
};

class GuardedAttentionOps final : public Guarded<AttentionOps> {
 public:
  using Guarded::Guarded;
  void write_kv(const Tensor& k, const Tensor& v, const Tensor& slots, const Tensor& k_cache,
                const Tensor& v_cache) override;
  void paged_attention(const Tensor& q, const Tensor& k_cache, const Tensor& v_cache,
                       const PagedLayout& layout, const AttentionParams& params,
                       const Tensor& out) override;
};

class GuardedActivationOps final : public Guarded<ActivationOps> {
 public:
  using Guarded::Guarded;
  void silu_mul(const Tensor& gate, const Tensor& up, const Tensor& out) override;
  void gelu_tanh(const Tensor& x, const Tensor& out) override;
};

class GuardedLinearOps final : public Guarded<LinearOps> {
 public:
  using Guarded::Guarded;
  std::unique_ptr<LinearWeight> pack(const Tensor& weight) override;
  std::string_view weight_layout() const override { return inner_->weight_layout(); }
  void linear(const Tensor& x, const LinearWeight& weight, const Tensor& bias,
              const Tensor& out) override;
  void linear_group(const Tensor& x, std::span<const LinearTarget> targets) override;
  void gated_linear(const Tensor& x, const LinearTarget& gate, const LinearTarget& up) override;
};

class GuardedSamplingOps final : public Guarded<SamplingOps> {
 public:
  using Guarded::Guarded;
  void argmax(const Tensor& logits, const Tensor& out) override;
  void sample(const Tensor& logits, std::span<const SamplingRow> rows, const Tensor& out) override;
};

class GuardedTensorFactory final : public Guarded<TensorFactory> {
 public:
  using Guarded::Guarded;
  Tensor empty(const Shape& shape, DataType dtype, const Device& device) override;
  Tensor zeros(const Shape& shape, DataType dtype, const Device& device) override;
  Tensor ones(const Shape& shape, DataType dtype, const Device& device) override;
  Tensor from_host(std::span<const std::byte> bytes, const Shape& shape, DataType dtype,
                   const Device& device) override;
  Tensor uniform(const Shape& shape, DataType dtype, const Device& device, float low, float high,
                 uint64_t seed) override;
  Tensor normal(const Shape& shape, DataType dtype, const Device& device, float mean, float stddev,
                uint64_t seed) override;
  Tensor place(const Tensor& host, const Device& device) override;
  Tensor to_device(const Tensor& tensor, const Device& device) override;
};

class GuardedMemoryManager final : public Guarded<DeviceMemoryManager> {
 public:
  using Guarded::Guarded;
  std::shared_ptr<Storage> allocate(const Device& device, int64_t bytes,
                                    int64_t alignment) override;
  void copy(const Storage& source, int64_t source_offset, const Storage& destination,
            int64_t destination_offset, int64_t bytes) override;
  void copy_async(std::shared_ptr<const Storage> source, int64_t source_offset,
                  std::shared_ptr<const Storage> destination, int64_t destination_offset,
                  int64_t bytes, StreamHandle stream) override;
  StreamHandle create_stream(const Device& device) override;
  void synchronize(StreamHandle stream) override;
  void destroy_stream(StreamHandle stream) override;
  MemoryInfo memory_info(const Device& device) const override;
  void configure_pool(const BackendMemoryConfig& config) override;
  void set_pressure_callback(std::function<void(const Device&, MemoryPressure)> callback) override;
};

}  // namespace ferrum
