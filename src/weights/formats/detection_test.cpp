// Each file is known by its content, whatever its name, as the one format that it is in.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "ferrum/weights/weight_catalogs.h"
#include "support/expect_error.h"
#include "support/host_tensor_factory.h"
#include "support/ranged_source.h"
#include "weights/formats/onnx/onnx_bytes.h"

namespace ferrum {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class DetectionTest : public testing::Test {
 protected:
  std::vector<std::string> formats_of(const std::string& bytes) const {
    std::vector<std::string> names;
    for (const auto& entry : catalogs.formats.entries()) {
      if (entry.part.matches(test::RangedBytes("data", bytes))) names.push_back(entry.name);
    }
    return names;
  }
  WeightMetadata open(const std::string& bytes, const std::string& name) {
    return loader->get_metadata(WeightSource::memory(borrow_bytes(bytes), name));
  }

  const fs::path data = FERRUM_SOURCE_DIR "/tests/data/weights";
  HostTensorFactory factory;
  WeightCatalogs catalogs = create_weight_catalogs();
  std::unique_ptr<WeightLoader> loader = create_weight_loader(catalogs, factory);
};

TEST_F(DetectionTest, EveryFileIsOfOneFormat) {
  const std::map<std::string, std::string> formats{
      {".safetensors", "safetensors"}, {".npy", "numpy"},   {".npz", "numpy"},
      {".pt", "pytorch"},              {".pth", "pytorch"}, {".ckpt", "pytorch"},
      {".onnx", "onnx"},               {".gguf", "gguf"}};
  int files = 0;
  for (const char* folder : {"matrix", "gguf", "numpy", "onnx", "pytorch", "sharded", "writers"}) {
    for (const auto& entry : fs::recursive_directory_iterator(data / folder)) {
      const auto format = formats.find(entry.path().extension());
      if (format == formats.end() || entry.path().parent_path().filename() == "refused") continue;
      EXPECT_THAT(formats_of(test::read_file(entry.path())), ElementsAre(format->second))
          << entry.path();
      ++files;
    }
  }
  EXPECT_GT(files, 90);
}

TEST_F(DetectionTest, OtherBytesAreOfNone) {
  for (const char* bytes : {"", "{}", "{\"a\": 1}", "[1, 2]", "hello, world\n", ":\x02hi",
                            "<!DOCTYPE html><html></html>", "version https://git-lfs.github.com"}) {
    EXPECT_THAT(formats_of(bytes), IsEmpty()) << bytes;
  }
  EXPECT_THAT(formats_of(std::string(4096, '\0')), IsEmpty());
}

TEST_F(DetectionTest, ANameDecidesNothing) {
  const std::string model =
      test::bytes_field(7, test::initializer(test::dims({1}) + test::data_type(test::kInt8) +
                                             test::name("w") + test::raw_data("a"))) +
      test::number_field(1, 10);
  for (const char* name : {"front.onnx", "front", "front.safetensors", "front.gguf"}) {
    EXPECT_EQ(open(model, name).format, "onnx") << name;
  }
  // The reader of ONNX would take it: only a version is missing.
  const std::string bare = test::bytes_field(7, "");
  test::expect_error(ErrorCode::kInvalidFormat, HasSubstr("no known weight format"),
                     [&] { open(bare, "bare.onnx"); });
  WeightSource named = WeightSource::memory(borrow_bytes(bare), "bare", "onnx");
  EXPECT_EQ(loader->get_metadata(named).format, "onnx");
}

TEST_F(DetectionTest, ANameTellsWhatIsWrong) {
  const std::string cut = test::number_field(1, 10) + test::field(7, 2, test::varint(1000));
  test::expect_error(ErrorCode::kInvalidFormat,
                     AllOf(HasSubstr("not a valid ONNX file"), HasSubstr("reaches past")),
                     [&] { open(cut, "cut.onnx"); });
  test::expect_error(ErrorCode::kInvalidFormat, HasSubstr("no known weight format"),
                     [&] { open(cut, "cut"); });
}

}  // namespace
}  // namespace ferrum
