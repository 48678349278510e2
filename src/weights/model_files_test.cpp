// A model's files and its shards.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "ferrum/weights/model_weights.h"
#include "ferrum/weights/weight_catalogs.h"
#include "support/expect_error.h"
#include "support/host_tensor_factory.h"
#include "support/safetensors_bytes.h"
#include "support/temp_folder.h"
#include "weights/weight_index.h"

namespace ferrum {
namespace {

using test::expect_error;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string one_tensor(const std::string& name) {
  return safetensors_bytes("{\"" + name + R"(":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})",
                           "ab");
}

TEST(ModelDirectoryTest, ListsFilesAndNothingElse) {
  const test::TempFolder directory;
  directory.write("config.json", "{}");
  directory.write("a.txt", "text");
  directory.write(".hidden", "x");
  directory.write("sub/inner.json", "[]");
  mkfifo((directory.path() / "pipe").c_str(), 0600);
  const auto files = open_model_directory(directory.path());
  EXPECT_THAT(files->names(), ElementsAre("a.txt", "config.json"));
  EXPECT_TRUE(files->contains("sub/inner.json"));
  EXPECT_FALSE(files->contains("sub"));
  EXPECT_TRUE(files->contains("pipe"));  // reading it says why it cannot be
  EXPECT_EQ(files->read_text("sub/inner.json", 10), "[]");
  EXPECT_EQ(files->location(), directory.path());
}

TEST(ModelDirectoryTest, NothingOutsideCanBeNamed) {
  const test::TempFolder directory;
  directory.write("model/config.json", "{}");
  directory.write("secret", "x");
  const auto files = open_model_directory(directory.path() / "model");
  for (const std::string& name :
       {std::string("../secret"), (directory.path() / "secret").string(),
        std::string("./config.json"), std::string("a/../../secret"), std::string("..\\secret"),
        std::string(""), std::string("config.json\0x", 13), std::string("config.json/"),
        std::string("..")}) {
    SCOPED_TRACE(name);
    EXPECT_FALSE(files->contains(name));
    expect_error(ErrorCode::kNotFound, HasSubstr("has no file"),
                 [&] { files->read_text(name, 9); });
    expect_error(ErrorCode::kNotFound, HasSubstr("has no file"),
                 [&] { files->weight_source(name); });
  }
}

TEST(ModelDirectoryTest, SymbolicLinksOfACacheAreFollowed) {
  const test::TempFolder directory;
  directory.write("blobs/abc", "{\"a\": 1}");
  std::filesystem::create_directories(directory.path() / "snapshots/1");
  std::filesystem::create_symlink("../../blobs/abc", directory.path() / "snapshots/1/config.json");
  const auto files = open_model_directory(directory.path() / "snapshots/1");
  EXPECT_THAT(files->names(), ElementsAre("config.json"));
  EXPECT_EQ(files->read_text("config.json", 100), "{\"a\": 1}");
}

TEST(ModelDirectoryTest, TextIsBoundedAndPointersAreNamed) {
  const test::TempFolder directory;
  directory.write("big", std::string(100, 'x'));
  directory.write("pointer.json", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n");
  mkfifo((directory.path() / "pipe").c_str(), 0600);
  const auto files = open_model_directory(directory.path());
  EXPECT_EQ(files->read_text("big", 100).size(), 100u);
  expect_error(ErrorCode::kInvalidFormat, HasSubstr("at most 99"),
               [&] { files->read_text("big", 99); });
  expect_error(ErrorCode::kInvalidFormat, HasSubstr("git lfs pull"),
               [&] { files->read_text("pointer.json", 1000); });
  expect_error(ErrorCode::kNotFound, HasSubstr("gone"), [&] { files->read_text("gone", 1); });
  expect_error(ErrorCode::kInvalidArgument, HasSubstr("not a regular file"),
               [&] { files->read_text("pipe", 1); });
}

TEST(ModelDirectoryTest, MustBeADirectory) {
  const test::TempFolder directory;
  const std::string file = directory.write("file", "");
  expect_error(ErrorCode::kNotFound, HasSubstr("no file or directory"),
               [&] { open_model_directory(directory.path() / "gone"); });
  expect_error(ErrorCode::kInvalidArgument, HasSubstr("not a directory"),
               [&] { open_model_directory(file); });
}

TEST(EmbeddedModelTest, ServesItsFilesFromMemory) {
  const std::string weights = one_tensor("w");
  const auto files =
      open_embedded_model({{"model.safetensors", weights}, {"a.json", "{}"}}, "demo");
  EXPECT_THAT(files->names(), ElementsAre("a.json", "model.safetensors"));
  EXPECT_EQ(files->read_text("a.json", 2), "{}");
  EXPECT_EQ(files->weight_source("model.safetensors").bytes->data(), weights.data());
  expect_error(ErrorCode::kNotFound, HasSubstr("demo has no file 'b'"),
               [&] { files->read_text("b", 1); });
  EXPECT_EQ(files->location(), "demo");
}

class ModelWeightsTest : public testing::Test {
 protected:
  ModelWeights open() { return ModelWeights(*open_model_directory(directory.path()), *loader); }
  void write_index(const std::string& map) {
    directory.write("model.safetensors.index.json",
                    R"({"metadata":{"total_size":1e9,"by":["x",null]},"weight_map":)" + map + "}");
  }

  test::TempFolder directory;
  HostTensorFactory factory;
  WeightCatalogs catalogs = create_weight_catalogs();
  std::unique_ptr<WeightLoader> loader = create_weight_loader(catalogs, factory);
};

TEST_F(ModelWeightsTest, ASingleFileGoesBeforeAnIndex) {
  directory.write("model.safetensors", one_tensor("w"));
  write_index(R"({"other":"gone.safetensors"})");
  const ModelWeights weights = open();
  ASSERT_NE(weights.find("w"), nullptr);
  EXPECT_EQ(weights.find("w")->info, (TensorInfo{DataType::kU8, Shape{2}, 2}));
  EXPECT_EQ(weights.find("other"), nullptr);
}

TEST_F(ModelWeightsTest, LoadsByNameAndChecksShapes) {
  directory.write("model.safetensors", one_tensor("layers.0.weight"));
  const ModelWeights weights = open();
  using Requests = std::vector<ModelWeights::Request>;
  const Requests good{{"layers.0.weight", Shape{2}, {}}};
  EXPECT_EQ(weights.load(good, Device::cpu())[0].data<uint8_t>()[1], 'b');
  expect_error(ErrorCode::kInvalidArgument, HasSubstr("its shape is [2], expected [3]"), [&] {
    weights.load(Requests{{"layers.0.weight", Shape{3}, {}}}, Device::cpu());
  });
  expect_error(ErrorCode::kNotFound, HasSubstr("near names: layers.0.weight"), [&] {
    weights.load(Requests{{"layers.1.weight", Shape{2}, {}}}, Device::cpu());
  });
}

TEST_F(ModelWeightsTest, AllMissingShardsAreListed) {
  directory.write("2.safetensors", one_tensor("b"));
  write_index(R"({"a":"1.safetensors","b":"2.safetensors","c":"3.safetensors"})");
  expect_error(ErrorCode::kNotFound,
               AllOf(HasSubstr("lacks 2 of 3"), HasSubstr("1.safetensors, 3.safetensors")),
               [&] { open(); });
}

TEST_F(ModelWeightsTest, WithoutWeightsTheFilesThatAreThereAreListed) {
  directory.write("tf_model.h5", "x");
  expect_error(ErrorCode::kNotFound,
               AllOf(HasSubstr("none of model.safetensors"), HasSubstr("it holds tf_model.h5")),
               [&] { open(); });
}

TEST_F(ModelWeightsTest, TheIndexMustAgreeWithItsShards) {
  directory.write("1.safetensors", one_tensor("a"));
  directory.write("2.safetensors", one_tensor("b"));
  write_index(R"({"a":"1.safetensors","b":"1.safetensors","x":"2.safetensors"})");
  expect_error(ErrorCode::kInvalidFormat, HasSubstr("places tensor 'b' in 1.safetensors"),
               [&] { open(); });
  directory.write("2.safetensors", one_tensor("a"));
  write_index(R"({"a":"1.safetensors","b":"2.safetensors"})");
  expect_error(ErrorCode::kInvalidFormat, HasSubstr("both in 1.safetensors and in 2.safetensors"),
               [&] { open(); });
}

TEST_F(ModelWeightsTest, AnIndexThatPointsOutsideIsRefused) {
  for (const char* file : {"../../etc/x", "/etc/passwd", "a/../b", "..\\\\b", "a\\u0000b", ""}) {
    write_index("{\"w\":\"" + std::string(file) + "\"}");
    expect_error(ErrorCode::kInvalidFormat,
                 AllOf(HasSubstr("\"w\""), HasSubstr("not a file of the model")), [&] { open(); });
  }
}

TEST(WeightIndexTest, StructureIsStrictAndBounded) {
  const auto parse = [](const std::string& text) { return parse_weight_index(text, "index"); };
  EXPECT_EQ(parse(R"({"weight_map":{"a":"f","b":"sub/g"}})").at("b"), "sub/g");
  for (const char* text :
       {"{}", "[]", "3", "", R"({"weight_map":3})", R"({"weight_map":["a"]})",
        R"({"weight_map":{"a":1}})", R"({"weight_map":{"a":{}}})", R"({"weight_map":{"a":["f"]}})",
        R"({"weight_map":{"a":"f","a":"g"}})", R"({"weight_map":{},"weight_map":{}})",
        R"({"metadata":{"weight_map":{"a":"f"}}})", R"({"weight_map":{"a":"f"}} x)"}) {
    SCOPED_TRACE(text);
    expect_error(ErrorCode::kInvalidFormat, HasSubstr("index"), [&] { parse(text); });
  }
  expect_error(ErrorCode::kInvalidFormat, HasSubstr("deeper"),
               [&] { parse("{\"x\":" + std::string(100'000, '[')); });
  std::string many = "{\"weight_map\":{";
  for (int i = 0; i < 1'000'000; ++i) many += "\"" + std::to_string(i) + "\":\"f\",";
  many.back() = '}';
  expect_error(ErrorCode::kInvalidFormat, HasSubstr("more than 500000 tensors"),
               [&] { parse(many + "}"); });
}

}  // namespace
}  // namespace ferrum
