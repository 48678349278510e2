// Any view through windows of any size is what it is when gathered from memory.

#include "weights/windowed_gather.h"

#include <gtest/gtest.h>

#include <cstring>
#include <numeric>
#include <random>
#include <vector>

#include "ferrum/weights/weight_reader.h"
#include "weights/host_buffer.h"

namespace ferrum {
namespace {

// Permuted, sliced, perhaps with repeated elements; of u16.
Tensor random_view(const Tensor& whole, std::mt19937& random) {
  const auto below = [&](int64_t n) { return static_cast<int64_t>(random()) % n; };
  std::vector<int> dims(static_cast<size_t>(whole.rank()));
  std::iota(dims.begin(), dims.end(), 0);
  std::shuffle(dims.begin(), dims.end(), random);
  Tensor view = whole.permute(dims);
  for (int d = 0; d < view.rank(); ++d) {
    if (below(2) == 0) continue;
    const int64_t start = below(view.dim(d));
    view = view.narrow(d, start, 1 + below(view.dim(d) - start));
  }
  if (below(4) > 0) return view;
  const std::vector<int64_t> strides{below(3), 0, below(20), 1};
  return Tensor::strided(whole.storage(), Shape{3, 2, 4, 5}, strides, whole.dtype(), 2 * below(9));
}

TEST(WindowedGatherTest, WindowsChangeNothing) {
  std::mt19937 random(1);
  const Shape shape{7, 3, 11, 5};
  const Tensor whole(allocate_host(2 * shape.numel()), shape, DataType::kU16);
  auto* values = static_cast<uint16_t*>(whole.mutable_raw_data());
  std::iota(values, values + shape.numel(), uint16_t{0});
  const auto* bytes = static_cast<const std::byte*>(whole.raw_data());
  for (int round = 0; round < 3000; ++round) {
    const Tensor view = random_view(whole, random);
    std::vector<std::byte> expected(static_cast<size_t>(view.size_bytes())), actual(expected);
    ElementPipeline(DataType::kU16).gather(view, expected.data(), [](int64_t) {});

    const GatherLimits limits{static_cast<int64_t>(random() % 60),
                              static_cast<int64_t>(2 + random() % 300)};
    int64_t last = -1, done = 0;
    const auto read = [&](int64_t begin, int64_t end,
                          FunctionRef<void(std::span<const std::byte>)> sink) {
      ASSERT_GE(begin, 0);
      ASSERT_LE(end, 2 * shape.numel());
      if (begin > last && last >= 0) {
        EXPECT_GT(begin - last, limits.max_gap) << "one read will do";
      }
      last = end;
      const int64_t most = 64 * (1 + static_cast<int64_t>(random() % 3));
      for (int64_t at = begin; at < end; at += most) {
        sink({bytes + at, static_cast<size_t>(std::min(most, end - at))});
      }
    };
    ElementPipeline pipeline(DataType::kU16);
    const Arrangement arranged(view.over(extent_storage(2 * shape.numel())));
    gather_in_windows(arranged, pipeline, actual.data(), read, limits,
                      [&](int64_t count) { done += count; });
    ASSERT_EQ(actual, expected) << to_string(view) << " in windows of " << limits.window_bytes;
    ASSERT_EQ(done, view.size_bytes());
  }
}

}  // namespace
}  // namespace ferrum
