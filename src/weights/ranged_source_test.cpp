// A source that only fetches ranges, as a remote one would: what is read, and how many at once.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <numeric>

#include "ferrum/types/host_memory.h"
#include "ferrum/weights/weight_catalogs.h"
#include "support/expect_error.h"
#include "support/host_tensor_factory.h"
#include "support/ranged_source.h"
#include "support/safetensors_bytes.h"

namespace ferrum {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr int64_t kRows = 1024, kColumns = 2048;  // of "m": f32, 8 MiB

std::string matrix_and_vector() {
  const std::string header =
      R"({"m":{"dtype":"F32","shape":[1024,2048],"data_offsets":[0,8388608]},)"
      R"("v":{"dtype":"F32","shape":[4],"data_offsets":[8388608,8388624]}})";
  std::vector<float> values(kRows * kColumns + 4);
  std::iota(values.begin(), values.end(), 0.0f);
  return safetensors_bytes(header, std::string_view(reinterpret_cast<const char*>(values.data()),
                                                    values.size() * sizeof(float)));
}

class RangedSourceTest : public testing::Test {
 protected:
  RangedSourceTest() {
    medium.bytes = matrix_and_vector();
    test::add_ranged_medium(catalogs.sources, "ranged.safetensors", shared_medium);
    source.kind = "ranged";
  }
  TensorSpec spec(std::string name, std::vector<TensorTransformation> transformations = {}) const {
    return {std::move(name), std::nullopt,          std::nullopt, Device::cpu(),
            source,          std::move(transformations)};
  }
  int64_t read_by(const std::function<void()>& action) {
    const int64_t before = medium.bytes_read;
    action();
    return medium.bytes_read - before;
  }

  std::shared_ptr<test::RangedMedium> shared_medium = std::make_shared<test::RangedMedium>();
  test::RangedMedium& medium = *shared_medium;
  HostTensorFactory factory;
  WeightCatalogs catalogs = create_weight_catalogs();
  std::unique_ptr<WeightLoader> loader =
      create_weight_loader(catalogs, factory, {.max_concurrent_loads = 4});
  WeightSource source;
};

TEST_F(RangedSourceTest, OnlyTheHeaderAndTheTensorAreRead) {
  EXPECT_TRUE(loader->capabilities().supports_streaming);
  EXPECT_LT(read_by([&] { EXPECT_EQ(loader->get_metadata(source).tensors.size(), 2u); }), 1000);
  EXPECT_EQ(read_by([&] {
              const Tensor v = loader->load_tensor(spec("v"));
              EXPECT_EQ(v.data<float>()[3], static_cast<float>(kRows * kColumns + 3));
            }), 16);
}

TEST_F(RangedSourceTest, ASliceOfRowsReadsThoseRowsWhateverStandsBeforeIt) {
  loader->get_metadata(source);
  const std::vector<TensorTransformation> steps{
      TensorTransformation::cast(DataType::kF64), TensorTransformation::scale(2),
      TensorTransformation::slice(0, 3, 5), TensorTransformation::cast(DataType::kF32)};
  EXPECT_EQ(read_by([&] {
              const Tensor rows = loader->load_tensor(spec("m", steps));
              EXPECT_EQ(rows.shape(), (Shape{2, kColumns}));
              EXPECT_EQ(rows.data<float>()[0], 2.0f * 3 * kColumns);
            }), 2 * kColumns * 4);
}

TEST_F(RangedSourceTest, ColumnsAndTransposesReadTheTensorOnce) {
  loader->get_metadata(source);
  EXPECT_EQ(read_by([&] {
              const Tensor column = loader->load_tensor(
                  spec("m", {TensorTransformation::slice(1, 7, 8),
                             TensorTransformation::reshape(Shape{kRows})}));
              EXPECT_EQ(column.data<float>()[2], 2.0f * kColumns + 7);
            }), ((kRows - 1) * kColumns + 1) * 4);  // from the first to the last element
  const int64_t before = peak_rss_bytes();
  EXPECT_EQ(read_by([&] {
              const Tensor turned =
                  loader->load_tensor(spec("m", {TensorTransformation::transpose(0, 1)}));
              for (int64_t i : {int64_t{1}, kRows, kRows * kColumns - 1}) {
                EXPECT_EQ(turned.data<float>()[i],
                          static_cast<float>(i % kRows * kColumns + i / kRows));
              }
            }), kRows * kColumns * 4);
  EXPECT_LT(peak_rss_bytes() - before, kRows * kColumns * 4 + (int64_t{8} << 20));
}

TEST_F(RangedSourceTest, FarApartElementsAreReadWithoutWhatLiesBetween) {
  const int64_t row = kColumns * 4;  // 8 KiB, and 64 of them are a row here
  const std::vector<TensorTransformation> steps{
      TensorTransformation::reshape(Shape{kRows / 64, 64 * kColumns}),
      TensorTransformation::slice(1, 5, 9)};
  loader->get_metadata(source);
  EXPECT_EQ(read_by([&] {
              const Tensor part = loader->load_tensor(spec("m", steps));
              EXPECT_EQ(part.shape(), (Shape{kRows / 64, 4}));
              EXPECT_EQ(part.data<float>()[4], static_cast<float>(64 * kColumns + 5));
            }), kRows / 64 * 4 * 4);
  EXPECT_GT(64 * row, 128 << 10);
}

TEST_F(RangedSourceTest, TheHeaderIsReadAgainOnlyWhenTheSourceChanges) {
  loader->get_metadata(source);
  loader->get_metadata(source);
  EXPECT_EQ(medium.opened, 1);
  medium.stamp = "2";
  loader->get_metadata(source);
  EXPECT_EQ(medium.opened, 2);
}

TEST_F(RangedSourceTest, ABatchWorksOnSeveralTensorsAtOnce) {
  EXPECT_TRUE(loader->capabilities().supports_concurrent);
  loader->get_metadata(source);
  std::mutex mutex;
  std::condition_variable both;
  int waiting = 0;
  // Each read waits for the other's: one at a time would never end.
  medium.on_read = [&](int64_t, int64_t) {
    std::unique_lock lock(mutex);
    ++waiting;
    both.notify_all();
    EXPECT_TRUE(both.wait_for(lock, std::chrono::seconds(60), [&] { return waiting >= 2; }));
  };
  const std::vector<TensorSpec> specs{spec("v"), spec("v")};
  EXPECT_EQ(loader->load_tensors(specs).size(), 2u);
  loader = create_weight_loader(catalogs, factory, {.max_concurrent_loads = 1});
  EXPECT_FALSE(loader->capabilities().supports_concurrent);
}

TEST_F(RangedSourceTest, AStopEndsTheBatchBetweenTwoChunks) {
  loader->get_metadata(source);
  std::stop_source stop;
  medium.on_read = [&](int64_t, int64_t) { stop.request_stop(); };
  const std::vector<TensorSpec> specs{spec("m"), spec("m"), spec("m")};
  const int64_t read = read_by([&] {
    test::expect_error(ErrorCode::kCancelled, testing::_,
                       [&] { loader->load_tensors(specs, stop.get_token()); });
  });
  EXPECT_LE(read, 3 * (int64_t{1} << 20));
}

TEST_F(RangedSourceTest, ProgressRisesToTheTotal) {
  std::vector<int64_t> done;
  const auto note = [&](int64_t bytes, int64_t total) {
    EXPECT_EQ(total, 2 * kRows * kColumns * 4 + 16);
    done.push_back(bytes);
  };
  const std::vector<TensorSpec> specs{
      spec("m"), spec("v"), spec("m", {TensorTransformation::slice(0, 0, 1)})};
  loader->load_tensors(specs, {}, note);
  EXPECT_TRUE(std::is_sorted(done.begin(), done.end()));
  EXPECT_EQ(done.back(), 2 * kRows * kColumns * 4 + 16);
  EXPECT_GT(done.size(), 8u);
}

TEST_F(RangedSourceTest, TheFirstErrorFailsTheBatchAndNamesTheTensor) {
  loader->get_metadata(source);
  medium.on_read = [](int64_t, int64_t) { throw Error(ErrorCode::kIo, "the line is cut"); };
  const std::vector<TensorSpec> specs{spec("m"), spec("v")};
  test::expect_error(ErrorCode::kIo, AllOf(HasSubstr("tensor '"), HasSubstr("the line is cut")),
                     [&] { loader->load_tensors(specs); });
  EXPECT_FALSE(loader->is_available(source));
}

TEST_F(RangedSourceTest, PreloadReadsEverythingOnceAndReports) {
  int64_t last = 0;
  const auto size = static_cast<int64_t>(medium.bytes.size());
  const int64_t read = read_by([&] {
    loader->preload(source, {}, [&](int64_t done, int64_t total) {
      EXPECT_EQ(total, size);
      last = done;
    });
  });
  EXPECT_GE(read, size);
  EXPECT_LT(read - size, 1000);  // then its first bytes, for whether it goes on elsewhere
  EXPECT_EQ(last, size);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(loader->preload(source, stop.get_token()), Error);
}

}  // namespace
}  // namespace ferrum
