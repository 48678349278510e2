#include "weights/windowed_gather.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "weights/packed_elements.h"

namespace ferrum {
namespace {

constexpr size_t kMaxRun = 4096;  // windows that one call of the stream fills

// The part of a tensor that one window holds.
struct Window {
  int64_t begin, end;  // bytes of the source that it covers
  int64_t out;         // element of the output where it starts
  int64_t groups;      // indices of the grouped dimension
};

// Takes the elements that `loops` walk over from `bytes` on; the first is the `at`th.
using WindowSink =
    FunctionRef<void(std::vector<ElementLoop> loops, const std::byte* bytes, int64_t at)>;

// Hands all elements of a view to its sink, in the order of the source.
class WindowedWalk {
 public:
  WindowedWalk(const Tensor& extent, RangeStream stream, const GatherLimits& limits,
               WindowSink sink)
      : stream_(stream),
        limits_(limits),
        sink_(sink),
        element_bytes_(bits_of(extent.dtype()) / 8),
        first_byte_(extent.byte_offset()) {
    plan(loops_of(extent));
  }

  void run() {
    for_each_element(outer_, [&](int64_t in, int64_t out) {
      for (int64_t i = 0; i < grouped_.extent; i += group_) {
        const int64_t count = std::min(group_, grouped_.extent - i);
        const int64_t begin = first_byte_ + (in + i * grouped_.in_stride) * element_bytes_;
        const int64_t bytes = (count - 1) * grouped_.in_stride * element_bytes_ + inner_bytes_;
        add({begin, begin + bytes, out + i * grouped_.out_stride, count});
      }
    });
    flush();
  }

 private:
  // Walks in the order of the source. The innermost dimensions make up a window, and as many
  // indices of the next one as fit into it too.
  void plan(std::vector<ElementLoop> loops) {
    std::stable_sort(loops.begin(), loops.end(), [](const ElementLoop& a, const ElementLoop& b) {
      return a.in_stride > b.in_stride;
    });
    inner_bytes_ = element_bytes_;
    size_t split = loops.size();
    for (; split > 0; --split) {
      const ElementLoop& loop = loops[split - 1];
      const int64_t gap = loop.in_stride * element_bytes_ - inner_bytes_;
      const int64_t bytes = (loop.extent - 1) * loop.in_stride * element_bytes_ + inner_bytes_;
      if (gap > limits_.max_gap || bytes > limits_.window_bytes) break;
      inner_bytes_ = bytes;
    }
    inner_.assign(loops.begin() + static_cast<ptrdiff_t>(split), loops.end());
    if (split > 0) {
      grouped_ = loops[--split];
      const int64_t stride = grouped_.in_stride * element_bytes_;
      if (stride - inner_bytes_ <= limits_.max_gap) {
        const int64_t room = std::max<int64_t>(0, limits_.window_bytes - inner_bytes_);
        group_ = 1 + room / std::max<int64_t>(stride, 1);
      }
    }
    loops.resize(split);
    outer_ = std::move(loops);
  }

  // Collects windows that lie near each other, in order, for one call of the stream.
  void add(const Window& window) {
    const bool follows = run_.empty() || (window.begin >= run_.back().end &&
                                          window.begin - run_.back().end <= limits_.max_gap);
    if (!follows || run_.size() == kMaxRun) flush();
    run_.push_back(window);
  }

  void flush() {
    if (run_.empty()) return;
    size_t at = 0;  // the window being filled
    int64_t position = run_.front().begin;
    stream_(position, run_.back().end, [&](std::span<const std::byte> chunk) {
      while (!chunk.empty() && at < run_.size()) {
        const Window& window = run_[at];
        const int64_t skipped = std::max<int64_t>(0, window.begin - position);
        const auto left = static_cast<int64_t>(chunk.size());
        const int64_t count = std::min(left, skipped > 0 ? skipped : window.end - position);
        if (skipped == 0) fill(window, position, chunk.first(static_cast<size_t>(count)));
        chunk = chunk.subspan(static_cast<size_t>(count));
        position += count;
        if (position == window.end) ++at;
      }
    });
    run_.clear();
  }

  void fill(const Window& window, int64_t position, std::span<const std::byte> bytes) {
    const auto size = static_cast<size_t>(window.end - window.begin);
    if (bytes.size() == size) return hand_on(window, bytes.data());
    if (buffer_.size() < size) buffer_.resize(size);
    std::memcpy(buffer_.data() + (position - window.begin), bytes.data(), bytes.size());
    if (position + static_cast<int64_t>(bytes.size()) == window.end) {
      hand_on(window, buffer_.data());
    }
  }

  void hand_on(const Window& window, const std::byte* bytes) {
    std::vector<ElementLoop> loops;
    if (window.groups > 1) {
      loops.push_back({window.groups, grouped_.in_stride, grouped_.out_stride});
    }
    loops.insert(loops.end(), inner_.begin(), inner_.end());
    sink_(std::move(loops), bytes, window.out);
  }

  RangeStream stream_;
  const GatherLimits limits_;
  WindowSink sink_;
  const int64_t element_bytes_, first_byte_;

  std::vector<ElementLoop> outer_, inner_;
  ElementLoop grouped_{1, 0, 0};
  int64_t group_ = 1, inner_bytes_ = 0;
  std::vector<Window> run_;
  std::vector<std::byte> buffer_;
};

}  // namespace

void gather_in_windows(const Arrangement& arranged, ElementPipeline& pipeline, std::byte* out,
                       RangeStream stream, const GatherLimits& limits,
                       FunctionRef<void(int64_t bytes)> done) {
  if (arranged.shape().numel() == 0) return;
  const Tensor& view = arranged.view();
  const int64_t out_bytes = unpacked_bytes(pipeline.output());
  if (arranged.is_contiguous()) {  // chunks of whole elements go through as they come
    const int64_t begin = view.byte_offset();
    stream(begin, begin + view.size_bytes(), [&](std::span<const std::byte> chunk) {
      out += pipeline.run_bytes(chunk, out);
      done(static_cast<int64_t>(chunk.size()));
    });
  } else if (arranged.is_view()) {
    const auto gather = [&](std::vector<ElementLoop> loops, const std::byte* bytes, int64_t at) {
      pipeline.gather(std::move(loops), bytes, out + at * out_bytes, done);
    };
    WindowedWalk(view, stream, limits, gather).run();
  } else {
    const ElementPlaces places(arranged, out, out_bytes);
    const auto scatter = [&](std::vector<ElementLoop> loops, const std::byte* bytes, int64_t at) {
      const auto put = [&](int64_t index, int64_t count, const std::byte* elements) {
        places.put(at + index, count, elements);
      };
      pipeline.scatter(std::move(loops), bytes, put, done);
    };
    WindowedWalk(view, stream, limits, scatter).run();
  }
}

}  // namespace ferrum
