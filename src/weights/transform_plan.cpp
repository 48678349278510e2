#include "weights/transform_plan.h"

#include "ferrum/types/error.h"

namespace ferrum {

TransformPlan::TransformPlan(const TransformCatalog& catalog,
                             std::span<const TensorTransformation> transformations,
                             const TensorInfo& input)
    : dtype_(input.dtype), shape_(input.shape) {
  for (size_t i = 0; i < transformations.size(); ++i) {
    const TensorTransformation& transformation = transformations[i];
    try {
      const TransformPart& part = catalog.get(transformation.kind);
      if (quantization()) {
        throw Error(ErrorCode::kUnsupported, "nothing can follow a quantisation",
                    "move it before the quantisation");
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

Arrangement TransformPlan::arrange(const Tensor& input, ElementPipeline& pipeline) const {
  Arrangement arrangement(input);
  for (const TransformStep& step : steps_) {
    if (step.convert) pipeline.add(step);
    else if (!step.quantize) arrangement.add(step);
  }
  return arrangement;
}

}  // namespace ferrum
