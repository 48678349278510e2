#include "weights/transform_plan.h"

#include "ferrum/types/error.h"
#include "weights/host_buffer.h"

namespace ferrum {

TransformPlan::TransformPlan(const TransformCatalog& catalog,
                             std::span<const TensorTransformation> transformations,
                             const TensorInfo& input)
    : dtype_(input.dtype), shape_(input.shape) {
  for (size_t i = 0; i < transformations.size(); ++i) {
    const TensorTransformation& transformation = transformations[i];
    try {
      const TransformPart& part = catalog.get(transformation.kind);
      if (!is_byte_sized(dtype_)) {
        throw Error(ErrorCode::kUnsupported, "elements of the packed type " +
                                                 std::string(to_string(dtype_)) +
                                                 " cannot be transformed");
      }
      steps_.push_back(part.bind(transformation.parameters, dtype_, shape_));
    } catch (const Error& error) {
      throw error.with_context("transformation " + std::to_string(i + 1) + " (" +
                               transformation.kind + ")");
    }
    dtype_ = steps_.back().dtype;
    shape_ = steps_.back().shape;
  }
}

Tensor TransformPlan::arrange(const Tensor& input, ElementPipeline& pipeline, bool allow_gather,
                              FunctionRef<void(int64_t bytes)> done) const {
  Tensor view = input;
  for (const TransformStep& step : steps_) {
    if (step.convert) {
      pipeline.add(step);
      continue;
    }
    if (step.needs_contiguous && !view.is_contiguous()) {
      if (!allow_gather) return {};
      const DataType dtype = pipeline.output();
      const Tensor gathered(allocate_host(bytes_of(dtype, view.numel())), view.shape(), dtype);
      pipeline.gather(view, static_cast<std::byte*>(gathered.mutable_raw_data()), done);
      pipeline = ElementPipeline(dtype);
      view = gathered;
    }
    view = step.arrange(view);
  }
  return view;
}

}  // namespace ferrum
