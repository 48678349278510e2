#pragma once
// One array as .npy files hold it: a header and the elements, to the end.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "ferrum/weights/weight_reader.h"

namespace ferrum {

// The array in [begin, end) of `source`, of which the header alone is read. `void_dtype` is what
// elements are of which NumPy knows only the size. `what` names the array in messages. Throws
// kInvalidFormat, and as parse_npy_header.
StoredTensor open_npy_array(std::shared_ptr<const ByteSource> source, int64_t begin, int64_t end,
                            std::optional<DataType> void_dtype, const std::string& what);

}  // namespace ferrum
