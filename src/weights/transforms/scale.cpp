// scale {factor}: each element times an f32 factor, computed in f32 (f64 for f64 elements) and
// rounded once.

#include <cstring>

#include "ferrum/types/error.h"
#include "ferrum/weights/transform_part.h"
#include "weights/transforms/cast_kernels.h"
#include "weights/transforms/elements.h"

namespace ferrum {
namespace {

template <class E>
void scale_elements(const std::byte* __restrict in, std::byte* __restrict out, int64_t count,
                    float factor) {
  for (int64_t i = 0; i < count; ++i) {
    typename E::Stored x;
    std::memcpy(&x, in + static_cast<size_t>(i) * sizeof(x), sizeof(x));
    x = elements::encode<E>(E::decode(x) * factor);
    std::memcpy(out + static_cast<size_t>(i) * sizeof(x), &x, sizeof(x));
  }
}

template <class... E>
auto find_scale(DataType dtype) {
  void (*found)(const std::byte*, std::byte*, int64_t, float) = nullptr;
  if (const auto common = find_common_float(dtype)) found = cast_kernels().scale[*common];
  ((dtype == E::dtype ? void(found = scale_elements<E>) : void()), ...);
  return found;
}

TransformStep bind_scale(const Json& parameters, DataType dtype, const Shape& shape) {
  float factor = 1;
  JsonReader reader(parameters, "scale");
  reader.require("factor", factor);
  reader.finish();
  using namespace elements;  // NOLINT: a list of element types
  const auto function = find_scale<F64, F8E4M3Fnuz, F8E5M2Fnuz>(dtype);
  if (!function) {
    throw Error(ErrorCode::kUnsupported, "no scale for " + std::string(to_string(dtype)),
                "cast to a floating-point type first");
  }
  return {.dtype = dtype,
          .shape = shape,
          .arrange = {},
          .convert = [function, factor](const std::byte* in, std::byte* out, int64_t count) {
            function(in, out, count, factor);
          }};
}

}  // namespace

void register_scale(TransformCatalog& catalog) {
  catalog.add("scale", {"each element times a factor", bind_scale});
}

}  // namespace ferrum
