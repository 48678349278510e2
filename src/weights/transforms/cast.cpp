// cast {dtype}: the rules are in elements.h.

#include <cstring>

#include "ferrum/types/error.h"
#include "ferrum/weights/transform_part.h"
#include "weights/transforms/cast_kernels.h"
#include "weights/transforms/elements.h"

namespace ferrum {
namespace {

using CastFunction = void (*)(const std::byte* in, std::byte* out, int64_t count);

template <class To, class From>
void cast_elements(const std::byte* __restrict in, std::byte* __restrict out, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    typename From::Stored x;
    std::memcpy(&x, in + static_cast<size_t>(i) * sizeof(x), sizeof(x));
    const typename To::Stored y = elements::convert<To, From>(x);
    std::memcpy(out + static_cast<size_t>(i) * sizeof(y), &y, sizeof(y));
  }
}

template <class... E>
struct List {};

template <class... A, class... B>
List<A..., B...> join(List<A...>, List<B...>);

using Targets = List<elements::F64, elements::F32, elements::F16, elements::BF16, elements::F8E4M3,
                     elements::F8E5M2, elements::F8E4M3Fnuz, elements::F8E5M2Fnuz,
                     elements::F8E8M0, elements::F6E2M3, elements::F6E3M2, elements::F4E2M1,
                     elements::I64, elements::I32, elements::I16, elements::I8, elements::U64,
                     elements::U32, elements::U16, elements::U8, elements::Bool>;
using Sources = decltype(join(Targets{}, List<elements::I4, elements::U4>{}));

template <class From, class... To>
CastFunction find_target(DataType to, List<To...>) {
  CastFunction found = nullptr;
  ((to == To::dtype ? void(found = cast_elements<To, From>) : void()), ...);
  return found;
}

template <class... From>
CastFunction find_cast(DataType from, DataType to, List<From...>) {
  CastFunction found = nullptr;
  ((from == From::dtype ? void(found = find_target<From>(to, Targets{})) : void()), ...);
  return found;
}

CastFunction find_cast(DataType from, DataType to) {
  if (const auto f = find_common_float(from), t = find_common_float(to); f && t) {
    return cast_kernels().cast[*f][*t];
  }
  return find_cast(from, to, Sources{});
}

TransformStep bind_cast(const Json& parameters, DataType dtype, const Shape& shape) {
  DataType target{};
  JsonReader reader(parameters, "cast");
  reader.require("dtype", target);
  reader.finish();
  TransformStep step{.dtype = target, .shape = shape, .arrange = {}, .convert = {}};
  if (dtype == target) {
    step.arrange = [](const Tensor& tensor) { return tensor; };
    return step;
  }
  const CastFunction function = find_cast(dtype, target);
  if (!function) {
    throw Error(ErrorCode::kUnsupported, "no cast from " + std::string(to_string(dtype)) + " to " +
                                             std::string(to_string(target)));
  }
  step.convert = function;
  return step;
}

}  // namespace

void register_cast(TransformCatalog& catalog) {
  catalog.add("cast", {"another element type", bind_cast});
}

}  // namespace ferrum
