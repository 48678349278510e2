#pragma once
// The tensors of a ModelProto: initializers, and the tensors among the attributes of its nodes, of
// the graphs in these and of its functions.
// https://github.com/onnx/onnx/blob/main/docs/IR.md

#include <functional>
#include <map>
#include <string>

#include "ferrum/types/json.h"
#include "weights/formats/onnx/tensor_proto.h"

namespace ferrum {

struct OnnxModel {
  std::map<std::string, OnnxTensor, std::less<>> tensors;
  std::map<std::string, std::string, std::less<>> unreadable;  // why they cannot be loaded
  Json extra = Json::object();  // what WeightMetadata.extra tells of the model
};

// How tensors are named is told in README.md. Throws kInvalidFormat; kUnsupported for sparse
// tensors.
OnnxModel parse_model_proto(const ByteSource& source);

}  // namespace ferrum
