// reshape {shape}

#include "ferrum/types/error.h"
#include "ferrum/weights/transform_part.h"

namespace ferrum {
namespace {

TransformStep bind_reshape(const Json& parameters, DataType dtype, const Shape& shape) {
  Shape target;
  JsonReader reader(parameters, "reshape");
  reader.require("shape", target);
  reader.finish();
  if (target.numel() != shape.numel()) {
    throw Error(ErrorCode::kInvalidArgument,
                "reshape of " + to_string(shape) + " to " + to_string(target) +
                    ": the numbers of elements differ");
  }
  return {.dtype = dtype, .shape = target, .arrange = {}, .is_reshape = true, .convert = {}};
}

}  // namespace

void register_reshape(TransformCatalog& catalog) {
  catalog.add("reshape", {"the same elements in another shape", bind_reshape});
}

}  // namespace ferrum
