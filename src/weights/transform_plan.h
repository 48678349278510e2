#pragma once
// The transformations of one tensor, each bound to what it meets.

#include <span>
#include <vector>

#include "ferrum/tensor/tensor.h"
#include "ferrum/weights/transform_part.h"
#include "ferrum/weights/transformation.h"
#include "weights/arrangement.h"
#include "weights/element_pipeline.h"

namespace ferrum {

class TransformPlan {
 public:
  // Throws the catalog's and the parts' errors, naming the step.
  TransformPlan(const TransformCatalog& catalog,
                std::span<const TensorTransformation> transformations, const TensorInfo& input);

  DataType dtype() const { return dtype_; }  // of the result
  const Shape& shape() const { return shape_; }
  bool empty() const { return steps_.empty(); }
  // Which quantisation ends the list: dtype() and shape() are the matrix' then. Null for none.
  const QuantizationScheme* quantization() const {
    return steps_.empty() ? nullptr : steps_.back().quantize.get();
  }

  // `input` arranged, the conversions put into `pipeline`: what a quantisation begins with.
  Arrangement arrange(const Tensor& input, ElementPipeline& pipeline) const;

 private:
  DataType dtype_;
  Shape shape_;
  std::vector<TransformStep> steps_;
};

}  // namespace ferrum
