#pragma once
// A model as its files say.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/model_source.h"
#include "ferrum/weights/model_weights.h"
#include "weights/packed_weights.h"

namespace ferrum {

class FileModelSource final : public ModelSource {
 public:
  // Reads config.json and the headers of the weights. Throws kUnsupported for a quantised
  // checkpoint, naming the method. With enable_debug, weights with NaN or infinity are warned of.
  FileModelSource(std::unique_ptr<ModelFiles> files, const Parts& parts, ComputeBackend& backend,
                  const EngineConfig& config);

  std::unique_ptr<ModelSpec> parse_config(const ModelFamilyCatalog& families) const override {
    return at_location(*files_, [&] { return parse_model_config(families, config_); });
  }
  ModelText open_text() const override { return open_model_text(*files_, config_); }
  void prepare(const std::vector<WeightDeclaration>& weights) override;
  DataType dtype() const override { return dtype_; }
  int64_t weight_bytes(std::optional<DataType> cast) const override;
  WeightLookup lookup(const Device& device, std::stop_token stop,
                      const OpenProgressCallback& progress) override;
  std::vector<std::string> warnings() const override { return warnings_; }

 private:
  class Stream;
  void check_present(const std::vector<WeightDeclaration>& weights) const;
  void check_fitting(const WeightDeclaration& weight, const TensorInfo& info) const;
  ModelWeights::Request request_of(const WeightDeclaration& weight) const;
  std::vector<ModelWeights::Request> requests() const;
  bool is_on_this_machine(const WeightSource& source) const {
    return !catalogs_.sources.get(source.kind).fetch;
  }
  void download(const std::stop_token& stop, const OpenProgressCallback& progress);
  void read_ahead(const std::stop_token& stop, const OpenProgressCallback& progress);
  void pack(const std::stop_token& stop, const OpenProgressCallback& progress);
  void note_unused(const std::vector<WeightDeclaration>& weights);
  DataType planned_dtype(const TensorInfo& info) const { return cast_.value_or(info.dtype); }

  std::unique_ptr<ModelFiles> files_;
  Json config_;
  const WeightCatalogs& catalogs_;
  WeightLoaderConfig loader_config_;
  std::string layout_;  // of the backend's kernels
  std::unique_ptr<WeightLoader> loader_;
  std::unique_ptr<ModelWeights> weights_;
  std::unique_ptr<PackedWeights> packed_;  // null where weights are used as they lie
  TensorFactory& factory_;
  std::optional<DataType> cast_;
  bool check_finite_;
  std::vector<WeightDeclaration> declared_;
  DataType dtype_ = DataType::kF32;
  std::vector<std::string> warnings_;
};

}  // namespace ferrum
