#include "ferrum/tensor/composed_ops.h"

#include <array>
#include <numbers>
#include <utility>

#include "tensor/composed_attention.h"
#include "tensor/composed_sampling.h"

namespace ferrum {
namespace {

class ComposedNormOps final : public NormOps {
 public:
  explicit ComposedNormOps(TensorOps& ops) : ops_(ops) {}

  void rms_norm(const Tensor& x, const Tensor& weight, float eps, const Tensor& out) override {
    ops_.rms_norm(x, weight, eps, out);
  }
  void add_rms_norm(const Tensor& x, const Tensor& residual, const Tensor& weight, float eps,
                    const Tensor& out) override {
    ops_.add(residual, x, residual);
    ops_.rms_norm(residual, weight, eps, out);
  }

 private:
  TensorOps& ops_;
};

class ComposedPositionOps final : public PositionOps {
 public:
  ComposedPositionOps(TensorOps& ops, TensorFactory& factory) : ops_(ops), factory_(factory) {}

  void rotary_embedding(const Tensor& x, const Tensor& cos, const Tensor& sin,
                        const Tensor& positions) override {
    const int64_t tokens = x.dim(0);
    const int64_t pairs = cos.dim(1);
    const Tensor first = x.narrow(2, 0, pairs);
    const Tensor second = x.narrow(2, pairs, pairs);
    const auto rows_of = [&](const Tensor& table) {
      const Tensor rows = factory_.empty({tokens, pairs}, DataType::kF32, x.device());
      ops_.gather_rows(table, positions, rows);
      return rows.reshape({tokens, 1, pairs});
    };
    const Tensor c = rows_of(cos);
    const Tensor s = rows_of(sin);
    const auto temporary = [&] {
      return factory_.empty(first.shape(), DataType::kF32, x.device());
    };
    const Tensor real = temporary();
    const Tensor imaginary = temporary();
    const Tensor product = temporary();
    ops_.mul(first, c, real);
    ops_.mul(second, s, product);
    ops_.sub(real, product, real);
    ops_.mul(second, c, imaginary);
    ops_.mul(first, s, product);
    ops_.add(imaginary, product, imaginary);
    ops_.cast(real, first);
    ops_.cast(imaginary, second);
  }

 private:
  TensorOps& ops_;
  TensorFactory& factory_;
};

class ComposedActivationOps final : public ActivationOps {
 public:
  ComposedActivationOps(TensorOps& ops, TensorFactory& factory) : ops_(ops), factory_(factory) {}

  void silu_mul(const Tensor& gate, const Tensor& up, const Tensor& out) override {
    const Tensor silu = factory_.empty(gate.shape(), DataType::kF32, gate.device());
    ops_.silu(gate, silu);
    ops_.mul(silu, up, out);
  }

  // 0.5 x (1 + tanh(z)) = x sigmoid(2z), and with 2z = x g(x), which is silu(2z) / g(x). g is
  // positive, so nothing is divided by zero.
  void gelu_tanh(const Tensor& x, const Tensor& out) override {
    const float a = 2 * std::numbers::sqrt2_v<float> * std::numbers::inv_sqrtpi_v<float>;
    const auto scalar = [&](float value) {
      const std::array<float, 1> values{value};
      return factory_.from_values(std::span<const float>(values), Shape{1}, x.device());
    };
    const Tensor g = factory_.empty(x.shape(), DataType::kF32, x.device());
    const Tensor silu = factory_.empty(x.shape(), DataType::kF32, x.device());
    ops_.mul(x, x, g);
    ops_.mul(g, scalar(0.044715f * a), g);
    ops_.add(g, scalar(a), g);
    ops_.mul(x, g, silu);
    ops_.silu(silu, silu);
    ops_.div(silu, g, out);
  }

 private:
  TensorOps& ops_;
  TensorFactory& factory_;
};

class ComposedLinearWeight final : public LinearWeight {
 public:
  explicit ComposedLinearWeight(Tensor weight) : weight_(std::move(weight)) {}

  int64_t in_features() const override { return weight_.dim(1); }
  int64_t out_features() const override { return weight_.dim(0); }
  int64_t size_bytes() const override { return weight_.size_bytes(); }
  const Tensor& tensor() const { return weight_; }

 private:
  Tensor weight_;
};

class ComposedLinearOps final : public LinearOps {
 public:
  ComposedLinearOps(TensorOps& ops, TensorFactory& factory) : ops_(ops), factory_(factory) {}

  std::unique_ptr<LinearWeight> pack(const Tensor& weight) override {
    if (!weight.defined() || weight.rank() != 2) {
      throw Error(
          ErrorCode::kInvalidArgument,
          "linear: the weight must be [out_features, in_features], found " + to_string(weight));
    }
    return std::make_unique<ComposedLinearWeight>(weight);
  }

  void linear(const Tensor& x, const LinearWeight& weight, const Tensor& bias,
              const Tensor& out) override {
    const auto* composed = dynamic_cast<const ComposedLinearWeight*>(&weight);
    if (!composed) {
      throw Error(ErrorCode::kInvalidArgument, "linear: the weight was packed by another backend",
                  "pack it with the LinearOps that computes with it");
    }
    const Tensor transposed = composed->tensor().transpose(0, 1);
    if (!bias.defined()) return ops_.matmul(x, transposed, out);
    const Tensor product = factory_.empty(out.shape(), DataType::kF32, out.device());
    ops_.matmul(x, transposed, product);
    ops_.add(product, bias, out);
  }

  void gated_linear(const Tensor& x, const LinearTarget& gate, const LinearTarget& up) override {
    linear(x, gate.weight, gate.bias, gate.out);
    linear(x, up.weight, up.bias, up.out);
    ops_.silu(gate.out, gate.out);
    ops_.mul(gate.out, up.out, gate.out);
  }

 private:
  TensorOps& ops_;
  TensorFactory& factory_;
};

class ComposedOps final : public KernelOps {
 public:
  ComposedOps(TensorOps& ops, TensorFactory& factory)
      : norm_(ops),
        position_(ops, factory),
        attention_(ops, factory),
        activation_(ops, factory),
        linear_(ops, factory),
        sampling_(ops, factory) {}

  NormOps* norm() override { return &norm_; }
  PositionOps* position() override { return &position_; }
  AttentionOps* attention() override { return &attention_; }
  ActivationOps* activation() override { return &activation_; }
  LinearOps* linear() override { return &linear_; }
  SamplingOps* sampling() override { return &sampling_; }

 private:
  ComposedNormOps norm_;
  ComposedPositionOps position_;
  ComposedAttentionOps attention_;
  ComposedActivationOps activation_;
  ComposedLinearOps linear_;
  ComposedSamplingOps sampling_;
};

class ResolvedOps final : public KernelOps {
 public:
  ResolvedOps(KernelOps* own, std::unique_ptr<KernelOps> composed)
      : own_(own), composed_(std::move(composed)) {}

  NormOps* norm() override { return either(&KernelOps::norm); }
  PositionOps* position() override { return either(&KernelOps::position); }
  AttentionOps* attention() override { return either(&KernelOps::attention); }
  ActivationOps* activation() override { return either(&KernelOps::activation); }
  LinearOps* linear() override { return either(&KernelOps::linear); }
  SamplingOps* sampling() override { return either(&KernelOps::sampling); }

 private:
  template <class Group>
  Group* either(Group* (KernelOps::*group)()) {
    Group* own = own_ ? (own_->*group)() : nullptr;
    return own ? own : (composed_.get()->*group)();
  }

  KernelOps* own_;
  std::unique_ptr<KernelOps> composed_;
};

}  // namespace

std::unique_ptr<KernelOps> create_composed_ops(TensorOps& ops, TensorFactory& factory) {
  return std::make_unique<ComposedOps>(ops, factory);
}

std::unique_ptr<KernelOps> resolve_kernel_ops(KernelOps* own, TensorOps& ops,
                                              TensorFactory& factory) {
  return std::make_unique<ResolvedOps>(own, create_composed_ops(ops, factory));
}

}  // namespace ferrum
