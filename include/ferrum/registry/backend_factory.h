#pragma once
// Makes backends and weight loaders from their configs. Seed name: BackendFactory.

#include <memory>
#include <string>
#include <vector>

#include "ferrum/backends/backend_catalog.h"
#include "ferrum/weights/weight_catalogs.h"

namespace ferrum {

// A kind of backend, in this build or not.
struct BackendTypeInfo {
  BackendType type;
  bool available = false;   // in this build
  std::string description;  // where available
  std::string reason;       // why it is not
  std::string remedy;       // how to get it
};
void to_json(Json& json, const BackendTypeInfo& info);
void from_json(const Json& json, BackendTypeInfo& info);

// Borrows the catalogs, which must outlive it and the weight loaders it makes. Thread-safe.
class BackendFactory {
 public:
  BackendFactory(const BackendCatalog& backends, const WeightCatalogs& weights)
      : backends_(backends), weights_(weights) {}

  // In the state "created". Throws as validate_config does.
  std::unique_ptr<ComputeBackend> create_compute_backend(const BackendConfig& config) const;
  // Places tensors through `factory`, which it borrows.
  std::unique_ptr<WeightLoader> create_weight_loader(TensorFactory& factory,
                                                     const WeightLoaderConfig& config = {}) const;

  // Those of this build in order of registration, then those it lacks.
  std::vector<BackendTypeInfo> supported_backend_types() const;

  // Throws for a config that create_compute_backend would not honour in full: kUnsupported for a
  // type that this build lacks (with reason and remedy), kNotFound for an unknown type, else
  // kInvalidArgument or kUnsupported naming the field. An empty type asks whether any backend of
  // this build would honour the rest; the error is that of the first that would not.
  void validate_config(const BackendConfig& config) const;

 private:
  const BackendCatalog& backends_;
  const WeightCatalogs& weights_;
};

}  // namespace ferrum
