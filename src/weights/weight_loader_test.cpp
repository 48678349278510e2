// The loader over its three axes: what is copied and what is not, batches, stopping, capabilities.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <vector>

#include "ferrum/types/host_memory.h"
#include "ferrum/weights/weight_catalogs.h"
#include "support/expect_error.h"
#include "support/host_tensor_factory.h"
#include "support/safetensors_bytes.h"
#include "support/temp_folder.h"

namespace ferrum {
namespace {

using test::expect_error;
using testing::ElementsAre;
using testing::HasSubstr;

template <class T>
std::string bytes_of_values(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

template <class T>
std::vector<T> values_of(const Tensor& tensor) {
  EXPECT_TRUE(tensor.is_contiguous());
  const T* data = tensor.data<T>();
  return {data, data + tensor.numel()};
}

// "a": f32 [2, 3] of 0..5; "b": i32 [2] of 7, 8. The header is padded so that data is aligned.
std::string two_tensors() {
  std::string header = R"({"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},)"
                       R"("b":{"dtype":"I32","shape":[2],"data_offsets":[24,32]}})";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  return safetensors_bytes(
      header, bytes_of_values<float>({0, 1, 2, 3, 4, 5}) + bytes_of_values<int32_t>({7, 8}));
}

class WeightLoaderTest : public testing::Test {
 protected:
  TensorSpec spec(std::string name, std::vector<TensorTransformation> transformations = {}) const {
    return {std::move(name), std::nullopt, std::nullopt,
            Device::cpu(),   source,       std::move(transformations)};
  }

  test::TempFolder directory;
  HostTensorFactory factory;
  WeightCatalogs catalogs = create_weight_catalogs();
  std::unique_ptr<WeightLoader> loader = create_weight_loader(catalogs, factory);
  WeightSource source = WeightSource::file(directory.write("two.safetensors", two_tensors()));
};

TEST_F(WeightLoaderTest, AnUntransformedTensorIsAViewOfTheMappedFile) {
  const Tensor a = loader->load_tensor(spec("a"));
  EXPECT_THAT(values_of<float>(a), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_FALSE(a.storage()->writable());
  EXPECT_EQ(factory.allocations, 0);
  EXPECT_EQ(factory.placements, 1);
  EXPECT_EQ(loader->load_tensor(spec("b")).storage(), a.storage());
}

TEST_F(WeightLoaderTest, MemoryIsUsedInPlace) {
  const std::string bytes = two_tensors();
  source = WeightSource::memory(borrow_bytes(bytes), "embedded");
  const Tensor b = loader->load_tensor(spec("b"));
  EXPECT_THAT(values_of<int32_t>(b), ElementsAre(7, 8));
  EXPECT_EQ(b.raw_data(), bytes.data() + bytes.size() - 8);
}

TEST_F(WeightLoaderTest, ARowSliceIsAViewAndATransposeACopy) {
  const Tensor row = loader->load_tensor(spec("a", {TensorTransformation::slice(0, 1, {})}));
  EXPECT_THAT(values_of<float>(row), ElementsAre(3, 4, 5));
  EXPECT_EQ(factory.allocations, 0);
  const Tensor turned = loader->load_tensor(spec("a", {TensorTransformation::transpose(0, 1)}));
  EXPECT_EQ(turned.shape(), (Shape{3, 2}));
  EXPECT_THAT(values_of<float>(turned), ElementsAre(0, 3, 1, 4, 2, 5));
  EXPECT_EQ(factory.allocations, 1);
}

TEST_F(WeightLoaderTest, AMisalignedTensorIsCopiedToAnAlignedPlace) {
  std::string header = R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  while (header.size() % 4 != 1) header += ' ';
  source = WeightSource::file(directory.write(
      "odd.safetensors", safetensors_bytes(header, bytes_of_values<float>({1, 2}))));
  const Tensor w = loader->load_tensor(spec("w"));
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(w.raw_data()) % alignof(float), 0u);
  EXPECT_THAT(values_of<float>(w), ElementsAre(1, 2));
  EXPECT_EQ(factory.allocations, 1);
}

TEST_F(WeightLoaderTest, ASpecMayNameDtypeShapeAndTheNameInTheFile) {
  source.tensor_name = "a";
  TensorSpec wanted = spec("renamed", {TensorTransformation::transpose(0, 1)});
  wanted.dtype = DataType::kI32;
  wanted.shape = Shape{3, 2};
  EXPECT_THAT(values_of<int32_t>(loader->load_tensor(wanted)), ElementsAre(0, 3, 1, 4, 2, 5));
  wanted.shape = Shape{2, 3};
  expect_error(ErrorCode::kInvalidArgument,
               HasSubstr("tensor 'a' of two.safetensors: its shape is [3, 2], expected [2, 3]"),
               [&] { loader->load_tensor(wanted); });
}

TEST_F(WeightLoaderTest, ErrorsOfTransformationsNameTensorAndStep) {
  using T = TensorTransformation;
  const auto refused = [&](ErrorCode code, const std::string& what, const std::string& name,
                           std::vector<T> steps) {
    SCOPED_TRACE(what);
    expect_error(code, testing::AllOf(HasSubstr("tensor '" + name + "'"), HasSubstr(what)),
                 [&] { loader->load_tensor(spec(name, steps)); });
  };
  const ErrorCode argument = ErrorCode::kInvalidArgument;
  refused(argument, "transformation 1 (transpose)", "a", {T::transpose(0, 2)});
  refused(argument, "transformation 2 (slice)", "a", {T::transpose(0, 1), T::slice(-3, 0, 1)});
  refused(argument, "numbers of elements differ", "a", {T::reshape(Shape{7})});
  refused(ErrorCode::kUnsupported, "no scale for i32", "b", {T::scale(2)});
  refused(ErrorCode::kUnsupported, "no cast from f32 to c64", "a", {T::cast(DataType::kC64)});
  refused(ErrorCode::kUnsupported, "no cast from f32 to i4", "a", {T::cast(DataType::kI4)});
  refused(ErrorCode::kNotFound, "unknown transformation 'rotate'", "a", {{"rotate", {}}});
  refused(argument, "unknown keys: by", "a", {{"scale", {{"factor", 1}, {"by", 2}}}});
  expect_error(ErrorCode::kNotFound, HasSubstr("two.safetensors has no tensor 'c'"),
               [&] { loader->load_tensor(spec("c")); });
}

TEST_F(WeightLoaderTest, PackedElementsAreLoadedAsTheyLieAndNotScaled) {
  source = WeightSource::file(directory.write(
      "packed.safetensors",
      safetensors_bytes(R"({"w":{"dtype":"F4","shape":[2,2],"data_offsets":[0,2]}})", "\x21\x43")));
  EXPECT_EQ(loader->load_tensor(spec("w")).size_bytes(), 2);
  EXPECT_TRUE(loader->plan_load(spec("w")).in_place);
  expect_error(ErrorCode::kUnsupported, HasSubstr("no scale for f4_e2m1"),
               [&] { loader->load_tensor(spec("w", {TensorTransformation::scale(2)})); });
}

TEST_F(WeightLoaderTest, FilesThatAreNoneAreRefused) {
  mkfifo((directory.path() / "pipe").c_str(), 0600);
  for (const auto& [name, code] :
       {std::pair("gone", ErrorCode::kNotFound), std::pair("", ErrorCode::kInvalidArgument),
        std::pair("pipe", ErrorCode::kInvalidArgument)}) {
    source = WeightSource::file(directory.path() / name);
    expect_error(code, HasSubstr(directory.path().string()), [&] { loader->get_metadata(source); });
    EXPECT_FALSE(loader->is_available(source));
  }
  source = WeightSource::file(directory.write("empty.safetensors", ""));
  EXPECT_TRUE(loader->is_available(source));
  expect_error(ErrorCode::kInvalidFormat, HasSubstr("only 0 bytes"),
               [&] { loader->get_metadata(source); });
  source = WeightSource::memory(borrow_bytes("x"), "lost");
  source.bytes = nullptr;
  expect_error(ErrorCode::kInvalidArgument, HasSubstr("does not carry its bytes"),
               [&] { loader->get_metadata(source); });
}

TEST_F(WeightLoaderTest, AReplacedFileIsReadAgain) {
  EXPECT_EQ(loader->get_metadata(source).tensors.size(), 2u);
  const std::string path = source.location["path"];
  const Tensor before = loader->load_tensor(spec("b"));
  directory.write("other", safetensors_bytes("{}", ""));
  std::filesystem::rename(directory.path() / "other", path);
  EXPECT_TRUE(loader->get_metadata(source).tensors.empty());
  EXPECT_THAT(values_of<int32_t>(before), ElementsAre(7, 8));  // still mapped
}

// A sparse file costs nothing to view; this one, a row larger than memory, cannot be copied.
TEST_F(WeightLoaderTest, TheLargestTensorIsWhatMemoryHolds) {
  constexpr int64_t kColumns = 4194304;
  const int64_t limit = query_host_memory().limit_bytes;
  EXPECT_EQ(loader->capabilities().max_tensor_size, limit);
  const int64_t rows = limit / kColumns + 1;
  const std::string bytes = std::to_string(rows * kColumns);
  const std::string path = directory.write(
      "huge.safetensors", safetensors_bytes(R"({"w":{"dtype":"U8","shape":[)" +
                                                std::to_string(rows) +
                                                R"(,4194304],"data_offsets":[0,)" + bytes + "]}}",
                                            ""));
  std::error_code failed;
  const auto header = std::filesystem::file_size(path);
  std::filesystem::resize_file(path, header + static_cast<uint64_t>(rows * kColumns), failed);
  ASSERT_FALSE(failed) << "no sparse file of " << bytes << " bytes: " << failed.message();
  source = WeightSource::file(path);
  EXPECT_EQ(loader->load_tensor(spec("w")).size_bytes(), rows * kColumns);
  expect_error(ErrorCode::kResourceExhausted, HasSubstr("it needs " + bytes + " bytes"),
               [&] { loader->load_tensor(spec("w", {TensorTransformation::transpose(0, 1)})); });
  const Tensor part = loader->load_tensor(
      spec("w", {TensorTransformation::slice(0, -1, {}), TensorTransformation::slice(1, -4, {}),
                 TensorTransformation::cast(DataType::kF32)}));
  EXPECT_THAT(values_of<float>(part), ElementsAre(0, 0, 0, 0));
}

TEST_F(WeightLoaderTest, ATransformationCostsItsResultAndAWindow) {
  constexpr int64_t kBytes = int64_t{64} << 20;
  source = WeightSource::file(directory.write(
      "big.safetensors",
      safetensors_bytes(R"({"w":{"dtype":"BF16","shape":[8192,4096],"data_offsets":[0,67108864]}})",
                        std::string(kBytes, '\1'))));
  const Tensor warm = loader->load_tensor(spec("w"));
  loader->preload(source);  // its pages count as resident once touched through this mapping
  unsigned sum = 0;
  for (int64_t i = 0; i < kBytes; i += 4096) sum += static_cast<const uint8_t*>(warm.raw_data())[i];
  EXPECT_EQ(sum, kBytes / 4096);
  const int64_t before = peak_rss_bytes();
  const Tensor result = loader->load_tensor(spec(
      "w", {TensorTransformation::cast(DataType::kF32), TensorTransformation::scale(2),
            TensorTransformation::cast(DataType::kF16), TensorTransformation::transpose(0, 1)}));
  EXPECT_EQ(result.size_bytes(), kBytes);
  EXPECT_LT(peak_rss_bytes() - before, kBytes + (int64_t{4} << 20));
}

TEST_F(WeightLoaderTest, CapabilitiesAreTheCatalogs) {
  const WeightLoaderCapabilities capabilities = loader->capabilities();
  EXPECT_THAT(capabilities.supported_formats,
              ElementsAre("gguf", "numpy", "onnx", "pytorch", "raw", "safetensors"));
  EXPECT_THAT(capabilities.supported_sources,
              ElementsAre("file", "huggingface", "memory", "s3", "url"));
  EXPECT_THAT(capabilities.supported_transformations,
              ElementsAre("cast", "quantize", "reshape", "scale", "slice", "transpose"));
  const Json json = capabilities;
  EXPECT_EQ(Json(json.get<WeightLoaderCapabilities>()), json);
}

TEST_F(WeightLoaderTest, TypesGoToJsonAndBack) {
  TensorSpec full =
      spec("a", {TensorTransformation::slice(1, -2, {}), TensorTransformation::reshape(Shape{4})});
  full.shape = Shape{4};
  full.dtype = DataType::kBF16;
  full.source.tensor_name = "b";
  full.source.format = "safetensors";
  for (const TensorSpec& one : {full, spec("a")}) {
    const Json json = one;
    EXPECT_EQ(Json(json.get<TensorSpec>()), json);
  }
  const Json metadata = loader->get_metadata(source);
  EXPECT_EQ(Json(metadata.get<WeightMetadata>()), metadata);
  const Json config = WeightLoaderConfig{.max_concurrent_loads = 3,
                                         .cache_dir = "/x",
                                         .max_cache_size = 5,
                                         .default_headers = {{"A", "b"}}};
  EXPECT_EQ(Json(config.get<WeightLoaderConfig>()), config);
  expect_error(ErrorCode::kInvalidArgument, HasSubstr("unknown keys: cache"), [] {
    Json{{"cache", 1}}.get<WeightLoaderConfig>();
  });
  expect_error(ErrorCode::kInvalidArgument, HasSubstr("max_concurrent_loads is -1"),
               [&] { create_weight_loader(catalogs, factory, {.max_concurrent_loads = -1}); });
}

}  // namespace
}  // namespace ferrum
