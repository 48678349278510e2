#pragma once
// The demonstration model inside the binary.

#include <memory>

#include "ferrum/weights/model_files.h"

namespace ferrum {

// Throws kNotFound for a build without it.
std::unique_ptr<ModelFiles> open_embedded_files();

}  // namespace ferrum
