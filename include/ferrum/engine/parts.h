#pragma once
// Everything this build has, on every axis: made once in the composition root, passed down.

#include "ferrum/backends/backend_catalog.h"
#include "ferrum/models/model.h"
#include "ferrum/quant/quantization_catalog.h"
#include "ferrum/weights/weight_catalogs.h"

namespace ferrum {

struct Parts {
  BackendCatalog backends{"backend"};
  WeightCatalogs weights;
  QuantizationCatalog quantizations{"quantisation"};
  ModelFamilyCatalog models{"model family"};
};

Parts register_parts();

}  // namespace ferrum
