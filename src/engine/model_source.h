#pragma once
// Where an engine's model comes from: files, or random numbers of a known shape.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/model_text.h"
#include "ferrum/engine/engine.h"
#include "ferrum/engine/parts.h"

namespace ferrum {

using OpenProgressCallback = std::function<void(const OpenProgress&)>;

class ModelSource {
 public:
  virtual ~ModelSource() = default;
  virtual std::unique_ptr<ModelSpec> parse_config(const ModelFamilyCatalog& families) const = 0;
  virtual ModelText open_text() const = 0;

  // Called first, with the weights that the model will ask for. Throws when the source lacks one,
  // has another shape of it, or a dtype that no kernel computes with.
  virtual void prepare(const std::vector<WeightDeclaration>& weights) = 0;
  virtual DataType dtype() const = 0;  // of most weights, as they will lie in memory
  // Of all weights, as they will lie in memory, or all cast to another dtype.
  virtual int64_t weight_bytes(std::optional<DataType> cast) const = 0;
  virtual WeightLookup lookup(const Device& device, std::stop_token stop,
                              const OpenProgressCallback& progress) = 0;
  // What was odd, after prepare and all look-ups.
  virtual std::vector<std::string> warnings() const = 0;
};

// Makes the source over a ready backend, which outlives it.
using ModelSourceFactory =
    std::function<std::unique_ptr<ModelSource>(const Parts& parts, ComputeBackend& backend)>;

// What Engine::open and open_random_engine share: plans, loads, starts.
std::unique_ptr<Engine> create_engine(const EngineConfig& config, const ModelSourceFactory& source,
                                      std::stop_token stop, const OpenProgressCallback& progress);

// The dtypes that LinearOps::pack takes.
bool is_weight_dtype(DataType dtype);

}  // namespace ferrum
