#pragma once
// Writes NumPy's files.

#include <memory>

#include "ferrum/weights/weight_writer.h"

namespace ferrum {

// The extension of the path says which: .npy holds one array, .npz any number by name.
std::unique_ptr<WeightWriter> create_numpy_writer(const WriteRequest& request);

}  // namespace ferrum
