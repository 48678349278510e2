#pragma once
// Writes safetensors files: all tensors behind one header, laid out as the reference does.

#include <memory>

#include "ferrum/weights/weight_writer.h"

namespace ferrum {

// Metadata becomes "__metadata__".
std::unique_ptr<WeightWriter> create_safetensors_writer(const WriteRequest& request);

}  // namespace ferrum
