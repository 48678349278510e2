#include "backends/guarded_ops.h"

#include <utility>

namespace ferrum {

void GuardedTensorOps::matmul(const Tensor& a, const Tensor& b, const Tensor& out) {
  guard_.run("matmul", {&out}, [&] { inner_->matmul(a, b, out); });
}

void GuardedTensorOps::add(const Tensor& a, const Tensor& b, const Tensor& out) {
  guard_.run("add", {&out}, [&] { inner_->add(a, b, out); });
}

void GuardedTensorOps::sub(const Tensor& a, const Tensor& b, const Tensor& out) {
  guard_.run("sub", {&out}, [&] { inner_->sub(a, b, out); });
}

void GuardedTensorOps::mul(const Tensor& a, const Tensor& b, const Tensor& out) {
  guard_.run("mul", {&out}, [&] { inner_->mul(a, b, out); });
}

void GuardedTensorOps::div(const Tensor& a, const Tensor& b, const Tensor& out) {
  guard_.run("div", {&out}, [&] { inner_->div(a, b, out); });
}

void GuardedTensorOps::softmax(const Tensor& x, int dim, const Tensor& out) {
  guard_.run("softmax", {&out}, [&] { inner_->softmax(x, dim, out); });
}

void GuardedTensorOps::layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias,
                                  float eps, const Tensor& out) {
  guard_.run("layer_norm", {&out}, [&] { inner_->layer_norm(x, weight, bias, eps, out); });
}

void GuardedTensorOps::rms_norm(const Tensor& x, const Tensor& weight, float eps,
                                const Tensor& out) {
  guard_.run("rms_norm", {&out}, [&] { inner_->rms_norm(x, weight, eps, out); });
}

void GuardedTensorOps::relu(const Tensor& x, const Tensor& out) {
  guard_.run("relu", {&out}, [&] { inner_->relu(x, out); });
}

void GuardedTensorOps::gelu(const Tensor& x, const Tensor& out) {
  guard_.run("gelu", {&out}, [&] { inner_->gelu(x, out); });
}

void GuardedTensorOps::silu(const Tensor& x, const Tensor& out) {
  guard_.run("silu", {&out}, [&] { inner_->silu(x, out); });
}

void GuardedTensorOps::concat(std::span<const Tensor> parts, int dim, const Tensor& out) {
  guard_.run("concat", {&out}, [&] { inner_->concat(parts, dim, out); });
}

void GuardedTensorOps::cast(const Tensor& x, const Tensor& out) {
  guard_.run("cast", {&out}, [&] { inner_->cast(x, out); });
}

void GuardedTensorOps::gather_rows(const Tensor& table, const Tensor& indices, const Tensor& out) {
  guard_.run("gather_rows", {&out}, [&] { inner_->gather_rows(table, indices, out); });
}

void GuardedNormOps::rms_norm(const Tensor& x, const Tensor& weight, float eps, const Tensor& out) {
  guard_.run("rms_norm", {&out}, [&] { inner_->rms_norm(x, weight, eps, out); });
}

void GuardedNormOps::add_rms_norm(const Tensor& x, const Tensor& residual, const Tensor& weight,
                                  float eps, const Tensor& out) {
  guard_.run("add_rms_norm", {&residual, &out},
             [&] { inner_->add_rms_norm(x, residual, weight, eps, out); });
}

void GuardedPositionOps::rotary_embedding(const Tensor& x, const Tensor& cos, const Tensor& sin,
                                          const Tensor& positions) {
  guard_.run("rotary_embedding", {&x}, [&] { inner_->rotary_embedding(x, cos, sin, positions); });
}

void GuardedAttentionOps::write_kv(const Tensor& k, const Tensor& v, const Tensor& slots,
                                   const Tensor& k_cache, const Tensor& v_cache) {
  guard_.run("write_kv", {&k, &v}, [&] { inner_->write_kv(k, v, slots, k_cache, v_cache); });
}

void GuardedAttentionOps::paged_attention(const Tensor& q, const Tensor& k_cache,
                                          const Tensor& v_cache, const PagedLayout& layout,
                                          const AttentionParams& params, const Tensor& out) {
  guard_.run("paged_attention", {&out},
             [&] { inner_->paged_attention(q, k_cache, v_cache, layout, params, out); });
}

void GuardedActivationOps::silu_mul(const Tensor& gate, const Tensor& up, const Tensor& out) {
  guard_.run("silu_mul", {&out}, [&] { inner_->silu_mul(gate, up, out); });
}

void GuardedActivationOps::gelu_tanh(const Tensor& x, const Tensor& out) {
  guard_.run("gelu_tanh", {&out}, [&] { inner_->gelu_tanh(x, out); });
}

std::unique_ptr<LinearWeight> GuardedLinearOps::pack(const Tensor& weight) {
  std::unique_ptr<LinearWeight> result;
  guard_.run("pack", {}, [&] { result = inner_->pack(weight); });
  return result;
}

void GuardedLinearOps::linear(const Tensor& x, const LinearWeight& weight, const Tensor& bias,
                              const Tensor& out) {
  guard_.run("linear", {&out}, [&] { inner_->linear(x, weight, bias, out); });
}

void GuardedLinearOps::linear_group(const Tensor& x, std::span<const LinearTarget> targets) {
  guard_.run("linear_group", {}, [&] {
    inner_->linear_group(x, targets);
    for (const LinearTarget& target : targets) guard_.check(target.out);
  });
}

void GuardedLinearOps::gated_linear(const Tensor& x, const LinearTarget& gate,
                                    const LinearTarget& up) {
  guard_.run("gated_linear", {&gate.out}, [&] { inner_->gated_linear(x, gate, up); });
}

void GuardedSamplingOps::argmax(const Tensor& logits, const Tensor& out) {
  guard_.run("argmax", {&out}, [&] { inner_->argmax(logits, out); });
}

void GuardedSamplingOps::sample(const Tensor& logits, std::span<const SamplingRow> rows,
                                const Tensor& out) {
  guard_.run("sample", {&out}, [&] { inner_->sample(logits, rows, out); });
}

Tensor GuardedTensorFactory::empty(const Shape& shape, DataType dtype, const Device& device) {
  Tensor result;
  guard_.access("empty", [&] { result = inner_->empty(shape, dtype, device); });
  return result;
}

Tensor GuardedTensorFactory::zeros(const Shape& shape, DataType dtype, const Device& device) {
  Tensor result;
  guard_.access("zeros", [&] { result = inner_->zeros(shape, dtype, device); });
  return result;
}

Tensor GuardedTensorFactory::ones(const Shape& shape, DataType dtype, const Device& device) {
  Tensor result;
  guard_.access("ones", [&] { result = inner_->ones(shape, dtype, device); });
  return result;
}

Tensor GuardedTensorFactory::from_host(std::span<const std::byte> bytes, const Shape& shape,
                                       DataType dtype, const Device& device) {
  Tensor result;
  guard_.access("from_host", [&] { result = inner_->from_host(bytes, shape, dtype, device); });
  return result;
}

Tensor GuardedTensorFactory::uniform(const Shape& shape, DataType dtype, const Device& device,
                                     float low, float high, uint64_t seed) {
  Tensor result;
  guard_.access("uniform",
                [&] { result = inner_->uniform(shape, dtype, device, low, high, seed); });
  return result;
}

Tensor GuardedTensorFactory::normal(const Shape& shape, DataType dtype, const Device& device,
                                    float mean, float stddev, uint64_t seed) {
  Tensor result;
  guard_.access("normal",
                [&] { result = inner_->normal(shape, dtype, device, mean, stddev, seed); });
  return result;
}

Tensor GuardedTensorFactory::place(const Tensor& host, const Device& device) {
  Tensor result;
  guard_.access("place", [&] { result = inner_->place(host, device); });
  return result;
}

Tensor GuardedTensorFactory::to_device(const Tensor& tensor, const Device& device) {
  Tensor result;
  guard_.access("to_device", [&] { result = inner_->to_device(tensor, device); });
  return result;
}

std::shared_ptr<Storage> GuardedMemoryManager::allocate(const Device& device, int64_t bytes,
                                                        int64_t alignment) {
  std::shared_ptr<Storage> result;
  guard_.access("allocate", [&] { result = inner_->allocate(device, bytes, alignment); });
  return result;
}

void GuardedMemoryManager::copy(const Storage& source, int64_t source_offset,
                                const Storage& destination, int64_t destination_offset,
                                int64_t bytes) {
  guard_.access(
      "copy", [&] { inner_->copy(source, source_offset, destination, destination_offset, bytes); });
}

void GuardedMemoryManager::copy_async(std::shared_ptr<const Storage> source, int64_t source_offset,
                                      std::shared_ptr<const Storage> destination,
                                      int64_t destination_offset, int64_t bytes,
                                      StreamHandle stream) {
  guard_.access("copy_async", [&] {
    inner_->copy_async(std::move(source), source_offset, std::move(destination), destination_offset,
                       bytes, stream);
  });
}

StreamHandle GuardedMemoryManager::create_stream(const Device& device) {
  StreamHandle result;
  guard_.access("create_stream", [&] { result = inner_->create_stream(device); });
  return result;
}

void GuardedMemoryManager::synchronize(StreamHandle stream) {
  guard_.access("synchronize", [&] { inner_->synchronize(stream); });
}

void GuardedMemoryManager::destroy_stream(StreamHandle stream) {
  guard_.access("destroy_stream", [&] { inner_->destroy_stream(stream); });
}

MemoryInfo GuardedMemoryManager::memory_info(const Device& device) const {
  MemoryInfo result;
  guard_.access("memory_info", [&] { result = inner_->memory_info(device); });
  return result;
}

void GuardedMemoryManager::configure_pool(const BackendMemoryConfig& config) {
  guard_.access("configure_pool", [&] { inner_->configure_pool(config); });
}

void GuardedMemoryManager::set_pressure_callback(
    std::function<void(const Device&, MemoryPressure)> callback) {
  guard_.access("set_pressure_callback",
                [&] { inner_->set_pressure_callback(std::move(callback)); });
}

}  // namespace ferrum
