// The part as the loader sees it: files of weights in a bucket.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "ferrum/weights/model_weights.h"
#include "support/safetensors_bytes.h"
#include "weights/sources/s3/s3_fixture.h"

namespace ferrum {
namespace {

namespace fs = std::filesystem;
using test::bytes_of_tensor;
using test::kSecret;
using test::S3Test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;

const fs::path kFolder = FERRUM_SOURCE_DIR "/tests/data/weights";

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Every file of the formats' references, those that refer to others included.
TEST_F(S3Test, FilesLoadAsFromTheDisk) {
  const std::string place = "dir=1+/a b/\xC3\xBC~/";
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(kFolder)) {
    const bool is_blob = entry.path().parent_path().filename() == "blobs";  // links lead there
    if (is_blob || !entry.is_regular_file()) continue;
    files.push_back(entry.path().lexically_relative(kFolder));
    server_.put("models", place + files.back().string(), read_file(entry.path()));
  }
  std::set<std::string> formats;
  for (const fs::path& file : files) {
    const WeightSource local = WeightSource::file(kFolder / file);
    WeightMetadata metadata;
    try {
      metadata = loader->get_metadata(local);
    } catch (const Error&) {
      continue;  // a listing, or a file that is wrong on purpose
    }
    SCOPED_TRACE(file);
    const WeightSource remote = source(place + file.string());
    ASSERT_EQ(Json(loader->get_metadata(remote)), Json(metadata));
    formats.insert(metadata.format);
    for (const auto& [name, info] : metadata.tensors) {
      ASSERT_EQ(bytes_of_tensor(loader->load_tensor(spec(remote, name))),
                bytes_of_tensor(loader->load_tensor(spec(local, name))))
          << name;
    }
  }
  EXPECT_THAT(formats, IsSupersetOf({"gguf", "numpy", "onnx", "safetensors"}));
}

TEST_F(S3Test, AModelIsAFolderOfABucket) {
  for (const auto& entry : fs::directory_iterator(kFolder / "sharded")) {
    const std::string name = entry.path().filename();
    server_.put("models", "org/model/" + name, read_file(entry.path()));
  }
  server_.put("models", "org/model/config.json", R"({"a": 1})");
  server_.put("models", "org/model/onnx/x.json", "{}");
  server_.put("models", "org/model-2/config.json", "{}");
  for (const std::string url : {"s3://models/org/model", "s3://models/org/model/"}) {
    const auto files = open_model(catalogs, url);
    EXPECT_EQ(files->location(), "s3://models/org/model/");
    EXPECT_THAT(files->names(),
                ElementsAre("config.json", "model-00001-of-00002.safetensors",
                            "model-00002-of-00002.safetensors", "model.safetensors.index.json"));
    EXPECT_EQ(files->read_text("config.json", 100), R"({"a": 1})");
    EXPECT_TRUE(files->contains("onnx/x.json"));
    EXPECT_FALSE(files->contains("onnx/y.json"));
    EXPECT_FALSE(files->contains("../model-2/config.json"));
    EXPECT_THROW(files->read_text("config.json", 7), Error);
    EXPECT_THROW(files->read_text("absent", 7), Error);
    const ModelWeights remote(*files, *loader);
    const ModelWeights local(*open_model_directory(kFolder / "sharded"), *loader);
    ASSERT_EQ(remote.tensors().size(), local.tensors().size());
    for (const auto& [name, tensor] : remote.tensors()) {
      EXPECT_EQ(bytes_of_tensor(loader->load_tensor(spec(tensor.source, name))),
                bytes_of_tensor(loader->load_tensor(spec(local.find(name)->source, name))));
    }
  }
  try {
    open_model(catalogs, "s3://models/org/mode");
    FAIL() << "opened";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  }
}

TEST_F(S3Test, AFileThatIsNoJsonSaysWhatItIs) {
  server_.put("models", "m/config.json",
              "version https://git-lfs.github.com/spec/v1\noid sha256:0");
  try {
    open_model(catalogs, "s3://models/m")->read_text("config.json", 1000);
    FAIL() << "read";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidFormat);
    EXPECT_THAT(error.message(), HasSubstr("Git-LFS"));
  }
}

TEST_F(S3Test, LocationsAsUsersWriteThem) {
  const WeightSource parsed = parse_weight_source(catalogs, "s3://models/a b/c=.safetensors");
  EXPECT_EQ(parsed.kind, "s3");
  EXPECT_EQ(parsed.location, Json({{"bucket", "models"}, {"key", "a b/c=.safetensors"}}));
  EXPECT_EQ(parsed.to_string(), "c=.safetensors");
  for (const std::string bad : {"s3://models", "s3://models/", "s3://models/a/", "s3:///a"}) {
    EXPECT_THROW(parse_weight_source(catalogs, bad), Error) << bad;
  }
}

TEST_F(S3Test, WrongKeysAreRefusedAndNeverShown) {
  server_.put("models", "x.npy", read_file(kFolder / "numpy/scalar.npy"));
  const WeightSource right = source(
      "x.npy", {{"access_key_id", "AKIATEST"}, {"secret_access_key", kSecret}});
  EXPECT_EQ(loader->get_metadata(right).tensors.size(), 1u);
  const WeightSource wrong = source("x.npy", {{"access_key_id", "AKIATEST"},
                                              {"secret_access_key", "hidden-secret"},
                                              {"session_token", "hidden-token"}});
  const Error error = failure(wrong);
  EXPECT_THAT(error.message(), HasSubstr("s3://models/x.npy"));
  EXPECT_THAT(std::string(error.what()) + error.hint() + wrong.to_string(),
              Not(HasSubstr("hidden")));
  EXPECT_FALSE(loader->is_available(wrong));
  EXPECT_TRUE(loader->is_available(right));
}

// A moment later: what was asked just now is not asked again.
TEST_F(S3Test, AnObjectThatIsReplacedIsReadAnew) {
  const auto file = [](float value) {
    return safetensors_bytes(R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
                             std::string_view(reinterpret_cast<const char*>(&value), 4));
  };
  server_.put("models", "x.safetensors", file(1));
  EXPECT_EQ(*loader->load_tensor(spec(source("x.safetensors"), "x")).data<float>(), 1);
  server_.put("models", "x.safetensors", file(2));
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  EXPECT_EQ(*loader->load_tensor(spec(source("x.safetensors"), "x")).data<float>(), 2);
}

TEST_F(S3Test, AnObjectThatChangesWhileItIsReadIsAnError) {
  std::string bytes = safetensors_bytes(
      R"({"x":{"dtype":"U8","shape":[4000000],"data_offsets":[0,4000000]}})",
      std::string(4'000'000, 'a'));
  server_.put("models", "x.safetensors", bytes);
  const auto opened = catalogs.sources.get("s3").open(source("x.safetensors"), {});
  bytes.back() = 'b';
  server_.put("models", "x.safetensors", bytes);
  std::vector<std::byte> tail(1'000'000);
  try {
    opened->read(3'000'000, tail);
    FAIL() << "read";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kIo);
    EXPECT_THAT(error.message(), HasSubstr("changed"));
  }
}

TEST_F(S3Test, MetadataTakesFewRequests) {
  std::string bytes = safetensors_bytes(
      R"({"x":{"dtype":"U8","shape":[20000000],"data_offsets":[0,20000000]}})",
      std::string(20'000'000, 'a'));
  server_.put("models", "x.safetensors", bytes);
  loader->get_metadata(source("x.safetensors"));
  EXPECT_LE(server_.http().requests().size(), 3u);
  EXPECT_LE(server_.http().bytes_sent(), 1'000'000);
}

}  // namespace
}  // namespace ferrum
