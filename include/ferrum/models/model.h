#pragma once
// A language model, as the engine drives it: one mixed batch of tokens in, logits out.
//
// A family is one file in src/models/ that reads like the paper, over shared blocks. Its part
// parses config.json into a ModelSpec, which knows every weight by name and shape before a byte
// of weights is read; so memory can be planned, a checkpoint checked, and random weights made for
// a benchmark.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ferrum/backends/compute_backend.h"
#include "ferrum/tensor/kernel_ops.h"
#include "ferrum/tensor/tensor.h"
#include "ferrum/types/catalog.h"
#include "ferrum/types/json.h"

namespace ferrum {

struct ModelInfo {
  std::string architecture;  // as config.json names it: "LlamaForCausalLM"
  std::string family;        // the part: "llama"
  int64_t vocab_size = 0;
  int64_t hidden_size = 0;
  int64_t intermediate_size = 0;
  int64_t layers = 0;
  int64_t heads = 0;
  int64_t kv_heads = 0;
  int64_t head_dim = 0;
  int64_t max_positions = 0;   // longest context it was made for
  int64_t sliding_window = 0;  // of every layer, so that what lies behind may go; 0: none
  int64_t parameters = 0;      // tied weights counted once
  int64_t lookup_parameters = 0;  // of an embedding that is only looked up: 0 when tied
};
void to_json(Json& json, const ModelInfo& info);
void from_json(const Json& json, ModelInfo& info);

// One layer's share of the paged cache: [blocks, kv_heads, block_size, head_dim] each.
struct KvLayer {
  Tensor k;
  Tensor v;
};

// One sequence's part of a step: `tokens` new ones at positions first_position, ...
struct StepItem {
  int64_t tokens = 0;
  int64_t first_position = 0;
  // Of the whole prompt, also while only a chunk of it is in the step: position encodings that
  // depend on the length of the sequence see a prompt as one piece, however it is cut.
  int64_t prompt_length = 0;
};

// One step: the new tokens of every item, one item after the other, prefill chunks and decodes
// alike. All tensors lie on the backend's device; everything is borrowed for the call.
struct StepBatch {
  std::span<const StepItem> items;
  Tensor token_ids;   // i32 [tokens]
  Tensor slots;       // i64 [tokens]: where the cache keeps each token's key and value
  PagedLayout layout;
  Tensor logit_rows;  // i32 [rows]: tokens whose logits are wanted, ascending, each once
  std::span<const KvLayer> kv;  // [layers]
};

class Model {
 public:
  virtual ~Model() = default;
  virtual const ModelInfo& info() const = 0;
  // Writes f32 logits [rows, vocab_size] and the step's keys and values into the cache. Allocates
  // nothing. One call at a time.
  virtual void forward(const StepBatch& batch, const Tensor& logits) = 0;
};

struct WeightDeclaration {
  std::string name;
  Shape shape;
};

struct ModelOptions {
  Device device;
  DataType activation_dtype = DataType::kF32;  // f32 or bf16
  int64_t max_step_tokens = 512;
  int64_t max_logit_rows = 64;
};

// Yields a declared weight. Asked for each once, in the order of the declarations.
using WeightLookup = std::function<Tensor(const WeightDeclaration&)>;

class ModelSpec {
 public:
  virtual ~ModelSpec() = default;
  virtual const ModelInfo& info() const = 0;
  // Every weight, in the order in which a step reads them.
  virtual const std::vector<WeightDeclaration>& weights() const = 0;
  // Scratch that create() will allocate, in bytes.
  virtual int64_t workspace_bytes(const ModelOptions& options) const = 0;
  // Borrows `backend`, which must be ready and outlive the model.
  virtual std::unique_ptr<Model> create(const WeightLookup& weights, ComputeBackend& backend,
                                        const ModelOptions& options) const = 0;
};

struct ModelFamilyPart {
  std::vector<std::string> architectures;  // of config.json's "architectures"
  // Throws kInvalidFormat or kUnsupported naming the key.
  std::function<std::unique_ptr<ModelSpec>(const Json& config)> parse;
};

using ModelFamilyCatalog = Catalog<ModelFamilyPart>;

void register_models(ModelFamilyCatalog& catalog);

// Finds the family by "architectures". Throws kUnsupported naming the architecture and the list
// of known ones.
std::unique_ptr<ModelSpec> parse_model_config(const ModelFamilyCatalog& catalog,
                                              const Json& config);

}  // namespace ferrum
