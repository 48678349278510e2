#pragma once
// The composition root: everything this build can do, axis by axis. Made once per process or
// engine and passed down; there is no global one.

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

// Every part that was built, and every missing one with its reason.
Parts create_parts();

}  // namespace ferrum
