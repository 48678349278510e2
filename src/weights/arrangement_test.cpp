// Chains of transformations, whichever way the bytes come, against moving element by element.

#include "weights/arrangement.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <functional>
#include <numeric>
#include <random>
#include <vector>

#include "ferrum/types/host_memory.h"
#include "ferrum/weights/weight_catalogs.h"
#include "support/host_tensor_factory.h"
#include "support/ranged_source.h"
#include "support/safetensors_bytes.h"
#include "support/temp_folder.h"
#include "weights/transform_plan.h"
#include "weights/windowed_gather.h"

namespace ferrum {
namespace {

using T = TensorTransformation;

int64_t below(std::mt19937& random, int64_t n) { return static_cast<int64_t>(random()) % n; }

Shape shape_of(const std::vector<int64_t>& dims) { return Shape(std::span<const int64_t>(dims)); }

// `numel` as a product, its factors in random places; of 0 one is 0.
Shape random_shape(int64_t numel, std::mt19937& random) {
  std::vector<int64_t> dims(static_cast<size_t>(2 + below(random, 3)), 1);
  if (numel == 0) {
    for (int64_t& dim : dims) dim = 1 + below(random, 3);
    dims[static_cast<size_t>(below(random, std::ssize(dims)))] = 0;
  }
  for (int64_t factor = 2; numel > 1; ++factor) {
    for (; numel % factor == 0; numel /= factor) {
      dims[static_cast<size_t>(below(random, std::ssize(dims)))] *= factor;
    }
  }
  return shape_of(dims);
}

// A chain of transformations together with what they make of 0, 1, 2, ...
struct Chain {
  Shape shape;
  std::vector<uint16_t> values;
  std::vector<T> steps = {};

  Chain(const Shape& input, int length, std::mt19937& random)
      : shape(input), values(static_cast<size_t>(input.numel())) {
    std::iota(values.begin(), values.end(), uint16_t{0});
    for (int i = 0; i < length; ++i) {
      const int d = static_cast<int>(below(random, shape.rank()));
      const int64_t start = below(random, shape[d] + 1);
      switch (below(random, 6)) {
        case 0:
          slice(d, start, start + below(random, shape[d] - start + 1));
          break;
        case 1:
        case 2: reshape(random_shape(shape.numel(), random)); break;
        default: transpose(d, static_cast<int>(below(random, shape.rank())));
      }
    }
  }

  // The elements whose indices are those that `source` gives, in the order of `to`.
  template <class F>
  void move(const Shape& to, F source) {
    std::vector<uint16_t> moved;
    std::vector<int64_t> index(static_cast<size_t>(to.rank()), 0);
    for (int64_t i = 0; i < to.numel(); ++i) {
      int64_t rest = i, at = 0;
      for (int d = to.rank() - 1; d >= 0; rest /= to[d--]) {
        index[static_cast<size_t>(d)] = rest % to[d];
      }
      const std::vector<int64_t> from = source(index);
      for (int d = 0; d < shape.rank(); ++d) at = at * shape[d] + from[static_cast<size_t>(d)];
      moved.push_back(values[static_cast<size_t>(at)]);
    }
    values = moved;
    shape = to;
  }
  void transpose(int a, int b) {
    steps.push_back(T::transpose(a, b));
    move(shape.with_dim(a, shape[b]).with_dim(b, shape[a]), [=](std::vector<int64_t> index) {
      std::swap(index[static_cast<size_t>(a)], index[static_cast<size_t>(b)]);
      return index;
    });
  }
  void slice(int d, int64_t start, int64_t end) {
    steps.push_back(T::slice(d, start, end));
    move(shape.with_dim(d, end - start), [=](std::vector<int64_t> index) {
      index[static_cast<size_t>(d)] += start;
      return index;
    });
  }
  void reshape(const Shape& to) {
    steps.push_back(T::reshape(to));
    shape = to;
  }
};

TEST(ArrangementTest, AnyChainThroughAnyWindowsIsItsElementsOneByOne) {
  const WeightCatalogs catalogs = create_weight_catalogs();
  std::mt19937 random(1);
  int views = 0, counted = 0, empty = 0;
  for (int round = 0; round < 4000; ++round) {
    const Shape input = random_shape(std::vector<int64_t>{210, 240, 144, 128, 97}[random() % 5],
                                     random);
    const Chain chain(input, 1 + static_cast<int>(random() % 7), random);
    SCOPED_TRACE(to_string(input) + " " + Json(chain.steps).dump());
    std::vector<uint16_t> values(static_cast<size_t>(input.numel()));
    std::iota(values.begin(), values.end(), uint16_t{0});
    const int64_t bytes = 2 * input.numel();
    const TransformPlan plan(catalogs.transforms, chain.steps, {DataType::kU16, input, bytes});
    ElementPipeline pipeline(DataType::kU16);
    const Arrangement arranged =
        plan.arrange(Tensor(extent_storage(bytes), input, DataType::kU16), pipeline);
    ++(chain.values.empty() ? empty : arranged.is_view() ? views : counted);
    ASSERT_EQ(to_string(arranged.shape()), to_string(chain.shape));

    std::vector<uint16_t> result(chain.values.size());
    const auto read = [&](int64_t begin, int64_t end,
                          FunctionRef<void(std::span<const std::byte>)> sink) {
      const auto* from = reinterpret_cast<const std::byte*>(values.data());
      for (int64_t at = begin; at < end; at += 30) {
        sink({from + at, static_cast<size_t>(std::min<int64_t>(30, end - at))});
      }
    };
    const GatherLimits limits{below(random, 60), 2 + below(random, 300)};
    gather_in_windows(arranged, pipeline, reinterpret_cast<std::byte*>(result.data()), read, limits,
                      [](int64_t) {});
    ASSERT_EQ(result, chain.values);
  }
  EXPECT_GT(views, 200);
  EXPECT_GT(counted, 200);
  EXPECT_GT(empty, 200);
}

TEST(ArrangementTest, OnlyWhatIsNeededIsViewed) {
  const Tensor whole(extent_storage(24), Shape{4, 6}, DataType::kU8);
  const WeightCatalogs catalogs = create_weight_catalogs();
  const auto arrange = [&](std::vector<T> steps) {
    const TransformPlan plan(catalogs.transforms, steps, {DataType::kU8, Shape{4, 6}, 24});
    ElementPipeline pipeline(DataType::kU8);
    return plan.arrange(whole, pipeline);
  };
  const T turn = T::transpose(0, 1);
  const Arrangement flat = arrange({turn, T::reshape(Shape{24})});
  EXPECT_TRUE(flat.is_view());  // the count is that of the transposed elements
  EXPECT_FALSE(flat.is_contiguous());
  const Arrangement rows = arrange({turn, T::reshape(Shape{3, 8}), T::slice(0, 1, 2)});
  EXPECT_TRUE(rows.is_view());
  EXPECT_EQ(to_string(rows.view().shape()), "[2, 4]");
  EXPECT_EQ(rows.view().byte_offset(), 2);
  const Arrangement part = arrange({turn, T::reshape(Shape{8, 3}), T::slice(0, 2, 3)});
  EXPECT_FALSE(part.is_view());  // elements 6, 7, 8 of rows of four
  EXPECT_EQ(to_string(part.view().shape()), "[2, 4]");
  EXPECT_EQ(part.narrow(1, 2, 1).view().byte_offset(), 2);
  EXPECT_EQ(part.narrow(1, 2, 1).view().numel(), 1);
  EXPECT_EQ(arrange({turn, T::reshape(Shape{8, 3}), T::slice(0, 5, 5)}).shape().numel(), 0);
  EXPECT_EQ(arrange({turn, T::reshape(Shape{2, 3, 2, 2})}).view().rank(), 4);  // by strides
}

// "w": u16 [rows, 4096] of 0, 1, 2, ...
class ChainsTest : public testing::Test {
 protected:
  static std::string matrix_bytes(int64_t rows) {
    const std::string bytes = std::to_string(2 * rows * 4096);
    std::vector<uint16_t> codes(static_cast<size_t>(rows * 4096));
    std::iota(codes.begin(), codes.end(), uint16_t{0});
    return safetensors_bytes(R"({"w":{"dtype":"U16","shape":[)" + std::to_string(rows) +
                                 R"(,4096],"data_offsets":[0,)" + bytes + "]}}",
                             {reinterpret_cast<const char*>(codes.data()), 2 * codes.size()});
  }
  Tensor load(const WeightSource& source, std::vector<T> steps) {
    return loader->load_tensor(
        {"w", std::nullopt, std::nullopt, Device::cpu(), source, std::move(steps)});
  }

  void write(const std::string& bytes) {
    file = WeightSource::file(folder.write("w.safetensors", bytes));
    medium->bytes = bytes;
    test::add_ranged_medium(catalogs.sources, "ranged.safetensors", medium);
    ranged.kind = "ranged";
  }

  test::TempFolder folder;
  std::shared_ptr<test::RangedMedium> medium = std::make_shared<test::RangedMedium>();
  WeightSource file, ranged;
  HostTensorFactory factory;
  WeightCatalogs catalogs = create_weight_catalogs();
  std::unique_ptr<WeightLoader> loader = create_weight_loader(catalogs, factory);
};

// The most that `action` had in memory at once, besides what was there before.
int64_t peak_of(const std::function<void()>& action) {
  std::ofstream("/proc/self/clear_refs") << "5";  // the peak begins anew
  const int64_t before = peak_rss_bytes();
  action();
  return peak_rss_bytes() - before;
}

TEST_F(ChainsTest, GiveTheSameFromAFileAndInRanges) {
  write(matrix_bytes(16));
  std::mt19937 random(2);
  for (int round = 0; round < 40; ++round) {
    Chain chain(Shape{16, 4096}, 5, random);
    chain.steps.insert(chain.steps.begin() + below(random, 6), T::cast(DataType::kI32));
    SCOPED_TRACE(Json(chain.steps).dump());
    for (const WeightSource& source : {file, ranged}) {
      const Tensor result = load(source, chain.steps);
      ASSERT_EQ(to_string(result.shape()), to_string(chain.shape));
      const auto* values = result.data<int32_t>();
      ASSERT_TRUE(std::equal(chain.values.begin(), chain.values.end(), values));
    }
  }
}

TEST_F(ChainsTest, CostTheirResultAndAWindow) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "for each byte that is touched, ThreadSanitizer keeps four";
#endif
  constexpr int64_t kMiB = int64_t{1} << 20, kRows = 8190;  // 64 MiB
  write(matrix_bytes(kRows));
  const T turn = T::transpose(0, 1), eights = T::reshape(Shape{512, 8 * kRows}),
          odd = T::reshape(Shape{36864, 910});  // not a multiple of anything
  for (const std::vector<T>& steps : std::vector<std::vector<T>>{
           {turn, eights, T::slice(0, 0, 8)},
           {turn, eights, turn},
           {turn, odd, turn},
           {turn, odd, T::slice(1, 0, 91), T::cast(DataType::kF32)},
           {turn, odd, turn, eights, turn},
           {turn, eights, T::cast(DataType::kF8E4M3)}}) {
    for (const WeightSource& source : {file, ranged}) {
      SCOPED_TRACE(Json(steps).dump() + " of " + source.kind);
      loader->get_metadata(source);
      Tensor result;
      medium->bytes_read = 0;
      const int64_t peak = peak_of([&] { result = load(source, steps); });
      const int64_t window = (source.kind == "file" ? 20 : 7) * kMiB;
      EXPECT_LT(peak, result.size_bytes() + window);
      EXPECT_LT(result.storage()->size(), result.size_bytes() + kMiB);
      EXPECT_LE(medium->bytes_read, 2 * kRows * 4096);  // one pass
    }
  }
}

}  // namespace
}  // namespace ferrum
