#include "ferrum/engine/parts.h"

namespace ferrum {

Parts create_parts() {
  Parts parts;
  register_backends(parts.backends);
  parts.weights = create_weight_catalogs();
  register_quantizations(parts.quantizations);
  register_models(parts.models);
  return parts;
}

}  // namespace ferrum
