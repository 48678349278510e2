#pragma once
// Tensors from any source, changed on the way, into one file.

#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "ferrum/weights/weight_catalogs.h"
#include "ferrum/weights/weight_writer.h"

namespace ferrum {

struct WeightConversion {
  std::vector<TensorSpec> tensors;  // as they shall be in the file, under TensorSpec::name
  WriteRequest target;              // its tensors follow from those
  WeightFormat format = {};         // empty: the one whose extension the target's path has
};

struct ConversionResult {
  int64_t tensors = 0;  // written; a quantised matrix is several
  int64_t bytes = 0;    // of them
};

// Loads and writes some tensors at a time, so that memory holds a window of 128 MiB or the largest
// tensor. The file is there whole or not at all. Throws as WeightLoader, create_weight_writer and
// WeightWriter.
ConversionResult convert_weights(const WeightConversion& conversion, WeightLoader& loader,
                                 const FormatCatalog& formats, std::stop_token stop = {},
                                 const LoadProgress& progress = {});

// A text of the model beside them, which takes the place of another whole or not at all. Throws
// kResourceExhausted for a full disk, kIo.
void write_model_text(const std::string& path, std::string_view text);

}  // namespace ferrum
