#pragma once
// Walks over the rows of a matrix in windows, in whichever way its elements can be had, so that
// what is made of whole rows costs its result and a window.

#include <cstdint>

#include "weights/element_pipeline.h"
#include "weights/tensor_bytes.h"

namespace ferrum {

// `rows` rows from `first` on, one after the other, at any alignment; valid during the call.
using RowSink = FunctionRef<void(const std::byte* elements, int64_t first, int64_t rows)>;

// Hands all rows of `matrix`, [rows, columns] made of bytes.view(), through `pipeline` to `sink`,
// in order; `first` is a multiple of `step`. Rows that are not in memory arrive in one stream if
// they lie one after the other; otherwise (a transposed remote tensor) the file is read once per
// window, so that windows are large then. `done` is as for gather.
void for_each_row_window(const TensorBytes& bytes, const Arrangement& matrix,
                         ElementPipeline& pipeline, int64_t step, RowSink sink,
                         FunctionRef<void(int64_t bytes)> done);

}  // namespace ferrum
