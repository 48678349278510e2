// transpose {dim0, dim1}

#include <cstdint>
#include <utility>
#include <vector>

#include "ferrum/weights/transform_part.h"

namespace ferrum {
namespace {

TransformStep bind_transpose(const Json& parameters, DataType dtype, const Shape& shape) {
  int dim0 = 0, dim1 = 0;
  JsonReader reader(parameters, "transpose");
  reader.require("dim0", dim0);
  reader.require("dim1", dim1);
  reader.finish();
  dim0 = shape.resolve_dim(dim0);
  dim1 = shape.resolve_dim(dim1);
  std::vector<int64_t> extents(shape.dims().begin(), shape.dims().end());
  std::swap(extents[static_cast<size_t>(dim0)], extents[static_cast<size_t>(dim1)]);
  return {.dtype = dtype,
          .shape = Shape(extents),
          .arrange = [=](const Tensor& tensor) { return tensor.transpose(dim0, dim1); },
          .convert = {}};
}

}  // namespace

void register_transpose(TransformCatalog& catalog) {
  catalog.add("transpose", {"two dimensions exchanged", bind_transpose});
}

}  // namespace ferrum
