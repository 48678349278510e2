#include "weights/row_windows.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "weights/packed_elements.h"

namespace ferrum {
namespace {

constexpr int64_t kWindow = int64_t{4} << 20;         // bytes of rows
constexpr int64_t kStridedWindow = int64_t{128} << 20;  // where each costs a pass over the file

// Rows that are filled piece by piece and leave in windows.
class RowBuffer {
 public:
  RowBuffer(int64_t row_bytes, int64_t window_rows, RowSink sink)
      : row_bytes_(row_bytes),
        window_bytes_(row_bytes * window_rows),
        rows_(static_cast<size_t>(window_bytes_)),
        sink_(sink) {}

  // Room for the next bytes, at most `wanted` of them.
  std::span<std::byte> room(int64_t wanted) {
    const int64_t count = std::min(wanted, window_bytes_ - filled_);
    return {rows_.data() + filled_, static_cast<size_t>(count)};
  }
  void fill(int64_t bytes) {
    filled_ += bytes;
    if (filled_ == window_bytes_) flush();
  }
  void flush() {
    if (filled_ == 0) return;
    const int64_t rows = filled_ / row_bytes_;
    sink_(rows_.data(), first_, rows);
    first_ += rows;
    filled_ = 0;
  }

 private:
  const int64_t row_bytes_, window_bytes_;
  std::vector<std::byte> rows_;
  RowSink sink_;
  int64_t filled_ = 0, first_ = 0;
};

}  // namespace

void for_each_row_window(const TensorBytes& bytes, const Arrangement& matrix,
                         ElementPipeline& pipeline, int64_t step, RowSink sink,
                         FunctionRef<void(int64_t bytes)> done) {
  const Tensor& view = matrix.view();
  const int64_t rows = matrix.shape()[0];
  const int64_t in_bytes = bits_of(view.dtype()) / 8;
  const int64_t out_bytes = unpacked_bytes(pipeline.output());
  const int64_t row_bytes = matrix.shape()[1] * out_bytes;
  const auto rows_in = [&](int64_t window) {
    return std::min(rows, std::max(step, window / std::max<int64_t>(row_bytes, 1) / step * step));
  };
  if (rows == 0 || row_bytes == 0) return;

  const bool in_memory = view.device().is_cpu();
  if (!in_memory && matrix.is_contiguous()) {
    RowBuffer buffer(row_bytes, rows_in(kWindow), sink);
    bytes.stream(view, [&](std::span<const std::byte> chunk) {
      done(static_cast<int64_t>(chunk.size()));
      while (!chunk.empty()) {
        const auto count = static_cast<int64_t>(chunk.size()) / in_bytes;
        const auto room = buffer.room(count * out_bytes);
        const auto taken = static_cast<int64_t>(room.size()) / out_bytes;
        pipeline.run(chunk.data(), room.data(), taken);
        chunk = chunk.subspan(static_cast<size_t>(taken * in_bytes));
        buffer.fill(taken * out_bytes);
      }
    });
    return buffer.flush();
  }

  const bool in_order = in_memory && matrix.is_contiguous();
  const bool as_they_are = in_order && pipeline.empty();
  const int64_t window = rows_in(in_memory && matrix.is_view() ? kWindow : kStridedWindow);
  std::vector<std::byte> buffer(static_cast<size_t>(as_they_are ? 0 : window * row_bytes));
  const auto rows_from = [&](int64_t first) {
    return matrix.narrow(0, first, std::min(window, rows - first));
  };
  for (int64_t first = 0; first < rows; first += window) {
    const Arrangement part = rows_from(first);
    const int64_t count = part.shape()[0];
    if (in_order && first + count < rows) bytes.expect(rows_from(first + count).view());
    if (as_they_are) {
      sink(static_cast<const std::byte*>(part.view().raw_data()), first, count);
      bytes.release(part.view());
      done(part.view().size_bytes());
    } else {
      bytes.gather(part, pipeline, buffer.data(), done);
      sink(buffer.data(), first, count);
    }
  }
}

}  // namespace ferrum
