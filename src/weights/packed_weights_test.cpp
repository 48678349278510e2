// Weights that were work to load come from the cache the next time, and only while they are right.

#include "weights/packed_weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "support/expect_error.h"
#include "support/host_tensor_factory.h"
#include "support/ranged_source.h"
#include "support/safetensors_bytes.h"
#include "support/temp_folder.h"
#include "weights/formats/onnx/onnx_bytes.h"

namespace ferrum {
namespace {

namespace fs = std::filesystem;

// A model of one file that goes on in others.
class ModelOfParts : public ModelFiles {
 public:
  explicit ModelOfParts(fs::path first) : first_(std::move(first)) {}
  std::vector<std::string> names() const override { return {"model.gguf"}; }
  bool contains(std::string_view name) const override { return name == "model.gguf"; }
  std::string read_text(std::string_view, int64_t) const override { return ""; }
  WeightSource weight_source(std::string_view) const override { return WeightSource::file(first_); }
  std::string location() const override { return "parts"; }

 private:
  fs::path first_;
};

class PackedWeightsTest : public testing::Test {
 protected:
  PackedWeightsTest() {
    write(1);
    config.cache_dir = (folder.path() / "cache").string();
  }
  // "a": f32 [2, 16] of `value`; "b": f32 [3] of 7.
  void write(float value) {
    std::string header = R"({"a":{"dtype":"F32","shape":[2,16],"data_offsets":[0,128]},)"
                         R"("b":{"dtype":"F32","shape":[3],"data_offsets":[128,140]}})";
    header.resize((header.size() + 71) / 64 * 64 - 8, ' ');
    std::vector<float> data(32, value);
    data.insert(data.end(), 3, 7.0f);
    folder.write("new", safetensors_bytes(header, {reinterpret_cast<const char*>(data.data()),
                                                   data.size() * sizeof(float)}));
    fs::rename(folder.path() / "new", folder.path() / "model" / "model.safetensors");
  }

  std::unique_ptr<PackedWeights> open(std::optional<DataType> cast, std::string layout = "rows",
                                      const LoadProgress& progress = {}) {
    loader = create_weight_loader(catalogs, factory, config);
    weights = std::make_unique<ModelWeights>(*open_model_directory(model), *loader);
    requests = {{"b", Shape{3}, {}}, {"a", Shape{2, 16}, {}}};
    for (auto& request : requests) {
      if (cast) request.transformations = {TensorTransformation::cast(*cast)};
    }
    const int before = factory.allocations;
    auto packed = PackedWeights::open({*weights, requests, "model", std::move(layout)}, catalogs,
                                      config, stop.get_token(), progress);
    made = factory.allocations > before;
    return packed;
  }

  // The last element of a tensor, cast, of the model that begins in `file`.
  float last_of(const std::string& file, const std::string& tensor) {
    loader = create_weight_loader(catalogs, factory, config);
    weights = std::make_unique<ModelWeights>(ModelOfParts(folder.path() / file), *loader);
    const Shape shape = weights->find(tensor)->info.shape;
    requests = {{tensor, shape, {TensorTransformation::cast(DataType::kBF16)}}};
    const auto packed =
        PackedWeights::open({*weights, requests, "parts", "rows"}, catalogs, config, {}, {});
    return to_float(packed->get(tensor).data<BFloat16>()[shape.numel() - 1]);
  }
  static float first_of(const PackedWeights& packed) {
    return to_float(packed.get("a").data<BFloat16>()[0]);
  }
  int64_t cached_files() const {
    int64_t count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(*config.cache_dir)) {
      count += entry.is_regular_file() && !entry.path().has_extension();
    }
    return count;
  }

  test::TempFolder folder;
  bool made_model_folder = fs::create_directory(folder.path() / "model");
  fs::path model = folder.path() / "model";  // as the user wrote it
  HostTensorFactory factory;
  WeightCatalogs catalogs = create_weight_catalogs();
  WeightLoaderConfig config;
  std::unique_ptr<WeightLoader> loader;
  std::unique_ptr<ModelWeights> weights;
  std::vector<ModelWeights::Request> requests;
  std::stop_source stop;
  bool made = false;  // the last open did the work
};

TEST_F(PackedWeightsTest, TheSecondStartMapsWhatTheFirstMade) {
  int64_t done = 0, total = 0;
  auto first = open(DataType::kBF16, "rows", [&](int64_t d, int64_t t) { done = d, total = t; });
  EXPECT_TRUE(made);
  EXPECT_EQ(total, 64 + 64);
  EXPECT_EQ(done, total);
  const auto second = open(DataType::kBF16);
  EXPECT_FALSE(made);
  first.reset();
  EXPECT_FALSE(second->get("a").storage()->writable());
  EXPECT_EQ(second->get("a").dtype(), DataType::kBF16);
  EXPECT_EQ(first_of(*second), 1.0f);
  EXPECT_EQ(to_float(second->get("b").data<BFloat16>()[2]), 7.0f);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(second->get("a").raw_data()) % 64, 0u);
}

TEST_F(PackedWeightsTest, APathMayBeWrittenInAnyWay) {
  open(DataType::kBF16);
  fs::create_directory_symlink(model, folder.path() / "link");
  for (const fs::path& other :
       {model / ".." / "model", folder.path() / "link", fs::relative(model)}) {
    model = other;
    open(DataType::kBF16);
    EXPECT_FALSE(made) << other;
  }
  EXPECT_EQ(cached_files(), 1);
}

TEST_F(PackedWeightsTest, WeightsInTheirPlaceAreNotKeptAgain) {
  EXPECT_EQ(open(std::nullopt), nullptr);
  config.enable_caching = false;
  EXPECT_EQ(open(DataType::kBF16), nullptr);
}

TEST_F(PackedWeightsTest, AnotherContentIsNeverTakenForTheOldOne) {
  open(DataType::kBF16);
  write(2);
  EXPECT_EQ(first_of(*open(DataType::kBF16)), 2.0f);
  EXPECT_TRUE(made);
  EXPECT_EQ(cached_files(), 1);  // the old version went
}

TEST_F(PackedWeightsTest, AnotherPartIsAnotherContent) {
  const fs::path from = FERRUM_SOURCE_DIR "/tests/data/weights/gguf";
  for (const std::string number : {"1", "2", "3"}) {
    const std::string name = "split-0000" + number + "-of-00003.gguf";
    fs::copy_file(from / name, folder.path() / name);
  }
  const auto open_parts = [&] { return last_of("split-00001-of-00003.gguf", "part.4"); };
  const float before = open_parts();
  const fs::path last = folder.path() / "split-00003-of-00003.gguf";
  std::string bytes = test::read_file(last);
  ASSERT_EQ(bytes[bytes.size() - 4], 43);  // the last element, an i32
  bytes[bytes.size() - 4] = 42;
  fs::rename(folder.write("new", bytes), last);
  EXPECT_EQ(before, 43);
  EXPECT_EQ(open_parts(), 42);
}

TEST_F(PackedWeightsTest, AnotherExternalFileIsAnotherContent) {
  folder.write("w.onnx", test::model_of_tensor(test::dims({2}) + test::data_type(test::kFloat) +
                                               test::name("w") +
                                               test::external_data({{"location", "w.bin"}})));
  const auto write_last = [&](float last) {
    const std::array<float, 2> values{1, last};
    folder.write("new", {reinterpret_cast<const char*>(values.data()), sizeof values});
    fs::rename(folder.path() / "new", folder.path() / "w.bin");
  };
  write_last(2);
  EXPECT_EQ(last_of("w.onnx", "w"), 2);
  write_last(3);
  EXPECT_EQ(last_of("w.onnx", "w"), 3);
}

TEST_F(PackedWeightsTest, RequestsAndLayoutsHaveFilesOfTheirOwn) {
  open(DataType::kBF16);
  EXPECT_EQ(open(DataType::kF16)->get("a").dtype(), DataType::kF16);
  EXPECT_TRUE(made);
  open(DataType::kBF16, "tiles");
  EXPECT_TRUE(made);
  open(DataType::kBF16);
  EXPECT_FALSE(made);
  EXPECT_EQ(cached_files(), 3);
}

TEST_F(PackedWeightsTest, NoTensorIsLargerThanTheWindow) {
  constexpr int64_t kRows = 100'000, kColumns = 1000;  // as bf16, 200 MB
  std::string header = R"({"a":{"dtype":"F32","shape":[100000,1000],)"
                       R"("data_offsets":[0,400000000]}})";
  header.resize((header.size() + 71) / 64 * 64 - 8, ' ');
  const fs::path file = folder.write("model/model.safetensors", safetensors_bytes(header, ""));
  const auto begin = static_cast<std::streamoff>(fs::file_size(file));
  fs::resize_file(file, static_cast<uintmax_t>(begin) + 400'000'000);
  const auto put = [&](int64_t row, float value) {
    std::fstream out(file, std::ios::binary | std::ios::in | std::ios::out);
    out.seekp(begin + row * kColumns * 4);
    out.write(reinterpret_cast<const char*>(&value), sizeof value);
  };
  for (int64_t row = 0; row < kRows; row += 997) put(row, static_cast<float>(row % 89 + 1));
  loader = create_weight_loader(catalogs, factory, config);
  weights = std::make_unique<ModelWeights>(*open_model_directory(folder.path() / "model"), *loader);
  requests = {{"a", Shape{kRows, kColumns}, {TensorTransformation::cast(DataType::kBF16)}}};
  const auto packed =
      PackedWeights::open({*weights, requests, "model", "rows"}, catalogs, config, {}, {});
  EXPECT_LE(factory.largest, int64_t{16} << 20);
  const auto* values = packed->get("a").data<BFloat16>();
  for (int64_t row = 0; row < kRows; ++row) {
    const float expected = row % 997 == 0 ? static_cast<float>(row % 89 + 1) : 0.0f;
    ASSERT_EQ(to_float(values[row * kColumns]), expected) << row;
  }
}

TEST_F(PackedWeightsTest, AStopLeavesNothingUnderTheFinalName) {
  stop.request_stop();
  test::expect_error(ErrorCode::kCancelled, testing::_, [&] { open(DataType::kBF16); });
  EXPECT_EQ(fs::exists(*config.cache_dir) ? cached_files() : 0, 0);
}

TEST_F(PackedWeightsTest, ACacheThatIsTooSmallSaysSo) {
  config.max_cache_size = 100;
  test::expect_error(ErrorCode::kResourceExhausted, testing::HasSubstr("model has 128 B"),
                     [&] { open(DataType::kBF16); });
}

TEST_F(PackedWeightsTest, BytesOfThisProcessAreNotKept) {
  const std::string bytes = [&] {
    std::string header = R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
    return safetensors_bytes(header, std::string(4, '\0'));
  }();
  const auto files = open_embedded_model({{"model.safetensors", bytes}}, "embedded");
  loader = create_weight_loader(catalogs, factory, config);
  weights = std::make_unique<ModelWeights>(*files, *loader);
  requests = {{"a", Shape{1}, {TensorTransformation::cast(DataType::kBF16)}}};
  EXPECT_EQ(PackedWeights::open({*weights, requests, "embedded", "rows"}, catalogs, config, {}, {}),
            nullptr);
}

}  // namespace
}  // namespace ferrum
