#pragma once
// The operations of a transformer step, in six groups that a backend may implement one by one.
// Seed name: KernelOps.
//
// A group that a backend lacks is composed from its TensorOps (see composed_ops.h), with the same
// layouts and the same result within tolerance; models see no difference. The rules of TensorOps
// on outputs, dtypes, ordering, threads and errors hold here too.

#include <cstdint>
#include <memory>
#include <span>

#include "ferrum/tensor/tensor.h"

namespace ferrum {

class NormOps {
 public:
  virtual ~NormOps() = default;
  // As TensorOps::rms_norm.
  virtual void rms_norm(const Tensor& x, const Tensor& weight, float eps, const Tensor& out) = 0;
  // residual += x, in place; out = rms_norm(residual). x, residual, out: [tokens, hidden].
  virtual void add_rms_norm(const Tensor& x, const Tensor& residual, const Tensor& weight,
                            float eps, const Tensor& out) = 0;
};

class PositionOps {
 public:
  virtual ~PositionOps() = default;
  // Rotates the first 2 * rotary_pairs elements of each head in place (Su et al., 2021,
  // arXiv:2104.09864), pairing element i with i + rotary_pairs (the "half" layout of Hugging Face
  // checkpoints). x: [tokens, heads, head_dim], rows may be strided; cos, sin: f32
  // [positions, rotary_pairs]; positions: i32 [tokens], each < cos.dim(0).
  virtual void rotary_embedding(const Tensor& x, const Tensor& cos, const Tensor& sin,
                                const Tensor& positions) = 0;
};

// Where the sequences of a step lie in a paged cache. One row per sequence ("item").
struct PagedLayout {
  Tensor query_start;     // i32 [items + 1]: tokens query_start[i] .. query_start[i+1] are item i's
  Tensor context_length;  // i32 [items]: cached tokens after this step's are written
  Tensor block_table;     // i32 [items, max_blocks]: block of the item's tokens 16j .. 16j+15, ...
  int64_t max_query = 0;    // largest query_start[i+1] - query_start[i]
  int64_t max_context = 0;  // largest context_length[i]
};

struct AttentionParams {
  float scale = 1.0f;          // of the scores, > 0; usually 1 / sqrt(head_dim)
  int64_t sliding_window = 0;  // a token sees itself and the window - 1 before it; 0: all
};

class AttentionOps {
 public:
  virtual ~AttentionOps() = default;
  // Writes this step's keys and values into the cache: token t goes to slot slots[t] = block *
  // block_size + offset. k, v: [tokens, kv_heads, head_dim], rows may be strided; k_cache, v_cache:
  // [blocks, kv_heads, block_size, head_dim]; slots: i64 [tokens].
  virtual void write_kv(const Tensor& k, const Tensor& v, const Tensor& slots,
                        const Tensor& k_cache, const Tensor& v_cache) = 0;
  // Causal grouped-query attention over the cache: query j of an item of q queries and context c
  // stands at position c - q + j and sees the positions up to its own. q, out:
  // [tokens, heads, head_dim], heads a multiple of kv_heads. Computed tile by tile with a running
  // softmax (Dao et al., 2022, arXiv:2205.14135): scratch does not grow with the context. Over a
  // bf16 cache, q and the probabilities may be rounded to bf16 first; sums are f32.
  virtual void paged_attention(const Tensor& q, const Tensor& k_cache, const Tensor& v_cache,
                               const PagedLayout& layout, const AttentionParams& params,
                               const Tensor& out) = 0;
};

class ActivationOps {
 public:
  virtual ~ActivationOps() = default;
  // out = silu(gate) * up, the inner part of SwiGLU (Shazeer, 2020, arXiv:2002.05202).
  virtual void silu_mul(const Tensor& gate, const Tensor& up, const Tensor& out) = 0;
  // out = 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))).
  virtual void gelu_tanh(const Tensor& x, const Tensor& out) = 0;
};

// A weight matrix as one backend's linear kernels want it. Opaque to all others; owns (or keeps
// alive) its bytes. Immutable, so safe to share between threads.
class LinearWeight {
 public:
  virtual ~LinearWeight() = default;
  virtual int64_t in_features() const = 0;
  virtual int64_t out_features() const = 0;
  virtual int64_t size_bytes() const = 0;  // read per use: what bounds a decode step
};

// One of several layers that read the same x.
struct LinearTarget {
  const LinearWeight& weight;
  const Tensor& bias;  // [out_features], or undefined
  const Tensor& out;   // [tokens, out_features]
};

class LinearOps {
 public:
  virtual ~LinearOps() = default;
  // Makes a weight ready for linear(). weight: [out_features, in_features] in f32, f16 or bf16 on
  // a device of this backend; the result keeps it alive and reads it in place where it can.
  virtual std::unique_ptr<LinearWeight> pack(const Tensor& weight) = 0;
  // Names the arrangement of elements that pack() reads in place. What is kept from one start to
  // the next is kept under this name: another one where the bytes differ.
  virtual std::string_view weight_layout() const { return "rows"; }
  // out[t, o] = sum over i of x[t, i] * weight[o, i], plus bias[o] if `bias` is defined. x:
  // [tokens, in_features]; out: [tokens, out_features]. Rows of x and out may be strided, their
  // elements not. With a 16-bit weight, x may be rounded to the weight's dtype first; sums are f32.
  virtual void linear(const Tensor& x, const LinearWeight& weight, const Tensor& bias,
                      const Tensor& out) = 0;
  // linear() for each target, with the same results; outputs do not overlap. A backend may share
  // what it does to x, and the threads that wait for each other.
  virtual void linear_group(const Tensor& x, std::span<const LinearTarget> targets) {
    for (const LinearTarget& t : targets) linear(x, t.weight, t.bias, t.out);
  }
  // The inner part of SwiGLU (Shazeer, 2020, arXiv:2002.05202): gate.out = silu(a) * b, with what
  // linear() gives for `gate` as a and for `up` as b, either of them rounded to out's dtype or not.
  // The weights have the same shape; up.out is working space, like gate.out.
  virtual void gated_linear(const Tensor& x, const LinearTarget& gate, const LinearTarget& up) = 0;
};

// How one row of logits becomes one token. Applied in this order: bias, penalties, temperature,
// top-k, typical-p, top-p, min-p, then a draw by inversion: the first token, from the most
// probable down, at which the cumulated probability exceeds `uniform`. Ties rank by lower id.
struct SamplingRow {
  struct Count { int32_t token; int32_t count; };
  struct Bias { int32_t token; float bias; };

  float temperature = 0;         // 0: greedy, the largest logit, lowest id first
  int32_t top_k = 0;             // keep the k most probable; 0: all
  float top_p = 1;               // keep the smallest head of probability >= p; 1: all
  float min_p = 0;               // keep those of probability >= min_p * the largest
  float typical_p = 1;           // keep by closeness to the entropy (Meister et al., 2023); 1: all
  float repetition_penalty = 1;  // > 1: logit / p if positive, logit * p if negative
  float presence_penalty = 0;    // subtracted once from every token already generated
  float frequency_penalty = 0;   // subtracted per earlier generation of the token
  double uniform = 0;            // in [0, 1), drawn by the caller
  std::span<const Bias> bias = {};          // distinct tokens
  std::span<const int32_t> seen = {};       // distinct; those that repetition_penalty touches
  std::span<const Count> generated = {};    // distinct; for presence and frequency
};

class SamplingOps {
 public:
  virtual ~SamplingOps() = default;
  // out[r] = the lowest index of the largest element; NaN never wins. A row without any element
  // above -infinity gives -1. logits: [rows, vocab]; out: i32 [rows].
  virtual void argmax(const Tensor& logits, const Tensor& out) = 0;
  // One token per row; logits: [rows, vocab], unchanged; out: i32 [rows]. Throws kInvalidArgument
  // for a token id out of range, or a row without any finite logit.
  virtual void sample(const Tensor& logits, std::span<const SamplingRow> rows,
                      const Tensor& out) = 0;
};

// The groups of one backend; each may be null.
class KernelOps {
 public:
  virtual ~KernelOps() = default;
  virtual NormOps* norm() { return nullptr; }
  virtual PositionOps* position() { return nullptr; }
  virtual AttentionOps* attention() { return nullptr; }
  virtual ActivationOps* activation() { return nullptr; }
  virtual LinearOps* linear() { return nullptr; }
  virtual SamplingOps* sampling() { return nullptr; }
};

}  // namespace ferrum
