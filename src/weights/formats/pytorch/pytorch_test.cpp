// Files that torch.save wrote, or that it reads (tools/make_pytorch_references.py).

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ferrum/weights/model_weights.h"
#include "ferrum/weights/weight_catalogs.h"
#include "support/expect_error.h"
#include "support/loader_fixture.h"
#include "support/temp_folder.h"
#include "weights/host_buffer.h"

namespace ferrum {
namespace {

using test::ranged_file;
using test::read_file;
using testing::AllOf;
using testing::HasSubstr;

const std::string kFolder = FERRUM_SOURCE_DIR "/tests/data/weights/pytorch/";

class PytorchTest : public test::LoaderFixture {
 protected:
  static std::string bytes_of_tensor(const Tensor& tensor) {
    EXPECT_TRUE(tensor.is_contiguous());
    return {static_cast<const char*>(tensor.raw_data()), static_cast<size_t>(tensor.size_bytes())};
  }
  // The tensors of the file and nothing else, bit for bit.
  void expect_is(const WeightSource& source, const Json& expected) {
    const WeightMetadata metadata = loader->get_metadata(source);
    EXPECT_EQ(metadata.format, "pytorch");
    EXPECT_EQ(metadata.extra, expected["extra"]);
    ASSERT_EQ(metadata.tensors.size(), expected["tensors"].size());
    for (const auto& [name, tensor] : expected["tensors"].items()) {
      SCOPED_TRACE(name);
      LoaderFixture::expect_is(load(source, name), tensor);
    }
  }
  void expect_refused(const WeightSource& source, ErrorCode code,
                      const testing::Matcher<std::string>& what) {
    test::expect_error(code, what, [&] { open_all(source); });
  }
};

TEST_F(PytorchTest, EveryFileIsReadBitForBitFromFileMemoryAndRanges) {
  const Json listing = Json::parse(read_file(kFolder + "expected.json"));
  ASSERT_EQ(listing.size(), 21u);
  for (const auto& [file, expected] : listing.items()) {
    SCOPED_TRACE(file);
    Json options = Json::object();
    if (expected.contains("key")) options["key"] = expected["key"];
    const std::string bytes = read_file(kFolder + file);
    for (WeightSource source :
         {WeightSource::file(kFolder + file), WeightSource::memory(borrow_bytes(bytes), file),
          ranged_file(kFolder + file)}) {
      SCOPED_TRACE(source.kind);
      source.format_options = options;
      expect_is(source, expected);
    }
  }
}

TEST_F(PytorchTest, AlignedTensorsAreViewsAndShareTheirStorage) {
  const std::string bytes = read_file(kFolder + "module.pt");
  const auto storage = allocate_host(static_cast<int64_t>(bytes.size()));
  const auto* begin = static_cast<const char*>(storage->data());
  std::memcpy(storage->data(), bytes.data(), bytes.size());
  const WeightSource source = WeightSource::memory(storage, "module.pt");
  for (const auto& [name, info] : loader->get_metadata(source).tensors) {
    const auto* data = static_cast<const char*>(load(source, name).raw_data());
    EXPECT_TRUE(data >= begin && data < begin + bytes.size()) << name;
  }
  EXPECT_EQ(load(source, "embed.weight").raw_data(), load(source, "head.weight").raw_data());
}

TEST_F(PytorchTest, ATransformedPartOfAStridedTensor) {
  const std::vector<TensorTransformation> steps{TensorTransformation::slice(1, 1, 3),
                                                TensorTransformation::transpose(0, 1),
                                                TensorTransformation::cast(DataType::kF64)};
  for (const WeightSource& source :
       {WeightSource::file(kFolder + "views.pth"), ranged_file(kFolder + "views.pth")}) {
    const Tensor part = load(source, "overlapping", steps);  // [29, 4] of 0 1 2 3, 2 3 4 5, ...
    EXPECT_EQ(part.shape(), (Shape{2, 29}));
    EXPECT_EQ(part.data<double>()[0], 1);
    EXPECT_EQ(part.data<double>()[29 + 28], 58);
  }
}

TEST_F(PytorchTest, HeadersAreReadInFewRequests) {
  const std::pair<const char*, int> limits[] = {
      {"checkpoint.ckpt", 6}, {"big_endian.pt", 6}, {"old_zip.pt", 6}, {"module_stream.pt", 3}};
  for (const auto& [file, limit] : limits) {
    SCOPED_TRACE(file);
    const auto bytes = std::make_shared<test::RangedBytes>(file, read_file(kFolder + file));
    const auto reader = catalogs.formats.get("pytorch").open({.bytes = bytes});
    EXPECT_FALSE(reader->metadata().tensors.empty());
    EXPECT_LE(bytes->reads(), limit);
  }
}

TEST_F(PytorchTest, ThePartIsChosenByKey) {
  const auto with_key = [](const std::string& file, const Json& options) {
    WeightSource source = WeightSource::file(kFolder + file);
    source.format_options = options;
    return source;
  };
  expect_refused(WeightSource::file(kFolder + "two_parts.pt"), ErrorCode::kInvalidArgument,
                 AllOf(HasSubstr("two_parts.pt: it has tensors under 'model' and 'state_dict'"),
                       HasSubstr("\"key\""), HasSubstr("that hold tensors: model, state_dict")));
  expect_refused(with_key("checkpoint.ckpt", {{"key", "epoch"}}), ErrorCode::kNotFound,
                 AllOf(HasSubstr("no tensors under the key \"epoch\""),
                       HasSubstr("model_state_dict, optimizer")));
  expect_refused(with_key("alone.pt", {{"key", "x"}}), ErrorCode::kNotFound, HasSubstr("\"x\""));
  expect_refused(with_key("alone.pt", {{"kye", "x"}}), ErrorCode::kInvalidArgument,
                 HasSubstr("kye"));
  const WeightSource nested = with_key("nested.pt", {{"key", "encoder.blocks"}});
  EXPECT_EQ(loader->get_metadata(nested).tensors.count("1.b"), 1u);
  const WeightSource alone = with_key("nested.pt", {{"key", "decoder.weight"}});
  EXPECT_EQ(loader->get_metadata(alone).tensors.at("nested").shape, (Shape{3}));
}

TEST_F(PytorchTest, WhatCannotBeReadIsRefusedByName) {
  const std::tuple<const char*, ErrorCode, const char*> files[] = {
      {"torchscript.pt", ErrorCode::kUnsupported, "is a TorchScript archive"},
      {"sparse.pt", ErrorCode::kUnsupported, "it is made by torch._utils."},
      {"quantised.pt", ErrorCode::kUnsupported, "_rebuild_qtensor"},
      {"meta.pt", ErrorCode::kUnsupported, "_rebuild_meta_tensor_no_storage"},
      {"conjugated.pt", ErrorCode::kUnsupported, "conjugated"},
      {"complex128.pt", ErrorCode::kUnsupported, "its elements are torch.complex128"},
      {"ranks.pt", ErrorCode::kUnsupported, "9 dimensions"},
      {"compressed.pt", ErrorCode::kUnsupported, "is compressed"},
      {"module.pt", ErrorCode::kInvalidFormat, "refers to the Python global __main__.Net at byte"},
  };
  for (const auto& [file, code, why] : files) {
    SCOPED_TRACE(file);
    const std::string path = kFolder + "refused/" + file;
    expect_refused(WeightSource::file(path), code, AllOf(HasSubstr(file), HasSubstr(why)));
  }
}

TEST_F(PytorchTest, DetectionIsByContent) {
  for (const std::string file : {"module.pt", "old_zip.pt", "module_stream.pt", "tar.pt",
                                 "module_protocol5_stream.pt"}) {
    const std::string bytes = read_file(kFolder + file);
    EXPECT_EQ(loader->get_metadata(WeightSource::memory(borrow_bytes(bytes), "x.json")).format,
              "pytorch");
  }
  const auto refuse = [&](const std::string& bytes, const char* name, const std::string& why) {
    expect_refused(WeightSource::memory(borrow_bytes(bytes), name), ErrorCode::kInvalidFormat,
                   HasSubstr(why));
  };
  refuse("\x80\2}q\1.", "x.bin", "a Python pickle, but none of torch.save");
  refuse("nothing", "x.pt", "x.pt is no file of torch.save");
  refuse("version https://git-lfs.github.com/spec/v1\n", "x.pt", "Git-LFS pointer");
  const std::string cut = read_file(kFolder + "module.pt").substr(0, 3000);
  refuse(cut, "x.pt", "x.pt is");
  expect_refused(WeightSource::memory(borrow_bytes("PYTORCH1......"), "x.pt"),
                 ErrorCode::kUnsupported, HasSubstr("preview"));
}

TEST_F(PytorchTest, AModelIsOneFileOrTheShardsOfAnIndex) {
  const auto single = open_model_directory(kFolder + "single");
  EXPECT_EQ(ModelWeights(*single, *loader).tensors().size(), 2u);
  const auto sharded = open_model_directory(kFolder + "sharded");
  const ModelWeights weights(*sharded, *loader);
  EXPECT_EQ(weights.sources().size(), 2u);
  EXPECT_EQ(weights.total_size_bytes(), 38);
  const ModelWeights::Request request{"b.weight", Shape{3}, {}};
  const Tensor tensor = weights.load(std::span(&request, 1), Device::cpu())[0];
  EXPECT_EQ(to_hex(bytes_of_tensor(tensor)), "004000400040");
}

TEST_F(PytorchTest, AModelSaysOfATensorThatItCannotBeLoaded) {
  const test::TempFolder folder;
  folder.write("pytorch_model.bin", read_file(kFolder + "refused/sparse.pt"));
  folder.write("pytorch_model.bin.index.json", R"({"weight_map": {"x": "pytorch_model.bin"}})");
  const auto files = open_model_directory(folder.path());
  const ModelWeights weights(*files, *loader);
  EXPECT_EQ(weights.unreadable().count("x"), 1u);
  EXPECT_EQ(weights.sources().size(), 1u);
  const ModelWeights::Request request{"x", Shape{3}, {}};
  test::expect_error(ErrorCode::kUnsupported,
                     AllOf(HasSubstr("tensor 'x'"), HasSubstr("_rebuild_sparse_tensor")),
                     [&] { weights.load(std::span(&request, 1), Device::cpu()); });
}

TEST_F(PytorchTest, WhatCannotBeLoadedIsAlsoInOneShardAndInThatOfTheIndex) {
  const test::TempFolder folder;
  const auto refuse = [&](const char* index, const char* why) {
    folder.write("pytorch_model.bin.index.json", index);
    const auto files = open_model_directory(folder.path());
    test::expect_error(ErrorCode::kInvalidFormat, HasSubstr(why),
                       [&] { ModelWeights(*files, *loader); });
  };
  const std::string sparse = read_file(kFolder + "refused/sparse.pt");  // holds "x"
  folder.write("a.bin", sparse);
  folder.write("b.bin", sparse);
  refuse(R"({"weight_map": {"x": "a.bin", "y": "b.bin"}})", "tensor 'x' is both in");
  folder.write("b.bin", read_file(kFolder + "single/pytorch_model.bin"));
  refuse(R"({"weight_map": {"x": "b.bin", "y": "a.bin"}})", "places tensor 'x' in b.bin");
}

}  // namespace
}  // namespace ferrum
