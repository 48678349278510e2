// slice {dim, start?, end?}: as Python's x[start:end] along one dimension; negative values count
// from the end, and both are clipped to the extent.

#include <algorithm>

#include "ferrum/weights/transform_part.h"

namespace ferrum {
namespace {

int64_t clip(int64_t index, int64_t extent) {
  return std::clamp<int64_t>(index < 0 ? index + extent : index, 0, extent);
}

TransformStep bind_slice(const Json& parameters, DataType dtype, const Shape& shape) {
  int dim = 0;
  JsonReader reader(parameters, "slice");
  reader.require("dim", dim);
  dim = shape.resolve_dim(dim);
  int64_t start = 0, end = shape[dim];
  reader.read("start", start);
  reader.read("end", end);
  reader.finish();
  start = clip(start, shape[dim]);
  const int64_t length = std::max<int64_t>(clip(end, shape[dim]) - start, 0);
  return {.dtype = dtype,
          .shape = shape.with_dim(dim, length),
          .arrange = [=](const Tensor& tensor) { return tensor.narrow(dim, start, length); },
          .convert = {}};
}

}  // namespace

void register_slice(TransformCatalog& catalog) {
  catalog.add("slice", {"a range of one dimension", bind_slice});
}

}  // namespace ferrum
