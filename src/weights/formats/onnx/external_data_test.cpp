// Elements in files beside the model, and names of files that a model must not reach.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstring>
#include <filesystem>

#include "ferrum/types/host_memory.h"
#include "ferrum/weights/weight_catalogs.h"
#include "support/expect_error.h"
#include "support/host_tensor_factory.h"
#include "support/ranged_source.h"
#include "support/temp_folder.h"
#include "weights/formats/onnx/onnx_bytes.h"

namespace ferrum {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;

std::string external(const std::string& name, uint64_t extent, test::Entries entries) {
  return test::dims({extent}) + test::data_type(test::kFloat) + test::name(name) +
         test::external_data(entries);
}

std::string model_with(test::Entries entries) {
  return test::model_of_tensor(external("w", 2, entries));
}

class ExternalDataTest : public testing::Test {
 protected:
  Tensor load(const fs::path& model) {
    return loader->load_tensor(
        {"w", std::nullopt, std::nullopt, Device::cpu(), WeightSource::file(model.string()), {}});
  }
  std::string bytes_at(const std::string& location) {
    const Tensor tensor = load(folder.write("x.onnx", model_with({{"location", location}})));
    return {static_cast<const char*>(tensor.raw_data()), static_cast<size_t>(tensor.size_bytes())};
  }
  template <class F>
  void expect_refused(F&& action, const testing::Matcher<std::string>& what,
                      ErrorCode code = ErrorCode::kInvalidFormat) {
    test::expect_error(code, AllOf(AnyOf(HasSubstr("tensor 'w'"), HasSubstr("tensor \"w\"")), what),
                       action);
  }
  void expect_location_refused(const std::string& location, const std::string& what,
                               ErrorCode code = ErrorCode::kInvalidFormat) {
    SCOPED_TRACE(location);
    const fs::path model = folder.write("x.onnx", model_with({{"location", location}}));
    expect_refused([&] { load(model); }, HasSubstr(what), code);
  }
  void expect_entries_refused(test::Entries entries, const std::string& what) {
    const fs::path model = folder.write("x.onnx", model_with(entries));
    expect_refused([&] { loader->get_metadata(WeightSource::file(model.string())); },
                   HasSubstr(what));
  }

  test::TempFolder folder;
  HostTensorFactory factory;
  WeightCatalogs catalogs = create_weight_catalogs();
  std::unique_ptr<WeightLoader> loader = create_weight_loader(catalogs, factory);
};

TEST_F(ExternalDataTest, RangesOfFilesBesideTheModel) {
  folder.write("w.bin", "0123456789");
  folder.write("deep/er/w.bin", "abcdefgh");
  EXPECT_EQ(bytes_at("w.bin"), "01234567");
  EXPECT_EQ(bytes_at("./deep/er/w.bin"), "abcdefgh");
  const Tensor tensor = load(folder.write(
      "x.onnx", model_with({{"location", "w.bin"}, {"offset", "2"}, {"length", "8"}})));
  EXPECT_EQ(std::string(static_cast<const char*>(tensor.raw_data()), 8), "23456789");
}

TEST_F(ExternalDataTest, APreloadBringsTheFilesWithElements) {
  std::string graph = test::initializer(external("none", 0, {{"location", "nowhere.bin"}}));
  graph += test::initializer(external("w", 2, {{"location", "./deep/w.bin"}}));
  graph += test::initializer(external("v", 2, {{"location", "v.bin"}, {"offset", "2"}}));
  const fs::path path = folder.write("x.onnx", test::model_of_graph(graph));
  folder.write("deep/w.bin", "01234567");
  folder.write("v.bin", "0123456789");
  const auto size = static_cast<int64_t>(fs::file_size(path));
  int64_t last_done = 0, last_total = 0;
  loader->preload(WeightSource::file(path.string()), {}, [&](int64_t done, int64_t total) {
    EXPECT_LE(last_done, done);
    EXPECT_LE(last_total, total);
    last_done = done;
    last_total = total;
  });
  EXPECT_EQ(last_total, size + 8 + 10);
  EXPECT_EQ(last_done, last_total);
  fs::remove(folder.path() / "v.bin");
  test::expect_error(ErrorCode::kNotFound, HasSubstr("v.bin"),
                     [&] { loader->preload(WeightSource::file(path.string())); });
}

TEST_F(ExternalDataTest, APreloadGoesOnWhateverTheNameEndsWith) {
  folder.write("w.bin", "01234567");
  for (const char* name : {"x.bin", "x.safetensors"}) {
    const fs::path path = folder.write(name, model_with({{"location", "w.bin"}}));
    int64_t total = 0;
    loader->preload(WeightSource::file(path.string()), {},
                    [&](int64_t, int64_t bytes) { total = bytes; });
    EXPECT_EQ(total, static_cast<int64_t>(fs::file_size(path)) + 8) << name;
  }
}

TEST_F(ExternalDataTest, APreloadKeepsToTheFolder) {
  folder.write("w.bin", "01234567");
  for (const char* location : {"../w.bin", "/etc/passwd", "a/../../w.bin", "a\\w.bin"}) {
    const fs::path model = folder.write("deep/x.onnx", model_with({{"location", location}}));
    test::expect_error(ErrorCode::kInvalidFormat, HasSubstr("not a file of its folder"),
                       [&] { loader->preload(WeightSource::file(model.string())); });
  }
}

TEST_F(ExternalDataTest, WhatIsNotCheckedIsSaid) {
  const std::string sha1(40, 'a');
  const WeightMetadata metadata = loader->get_metadata(
      WeightSource::file(folder
                             .write("x.onnx", model_with({{"location", "w.bin"},
                                                          {"checksum", sha1},
                                                          {"basepath", "/elsewhere"},
                                                          {"compression", "none"}}))
                             .string()));
  EXPECT_EQ(metadata.extra["external_data"],
            (Json{{"w.bin", {{"sha1", sha1}, {"sha1_is_checked", false}}}}));
  EXPECT_EQ(metadata.extra["ignored_external_data_keys"],
            (Json{{"basepath", true}, {"compression", true}}));
}

TEST_F(ExternalDataTest, NumbersArePlainDecimals) {
  for (const char* number : {"", "-1", "+1", " 0", "0 ", "0x0", "1e1", "0.0", "nan",
                             "9223372036854775808", "18446744073709551616"}) {
    SCOPED_TRACE(number);
    expect_entries_refused({{"location", "w.bin"}, {"offset", number}}, "not a plain number");
    expect_entries_refused({{"location", "w.bin"}, {"length", number}}, "not a plain number");
  }
}

TEST_F(ExternalDataTest, RangesAreThoseOfTheTensorAndInsideTheFile) {
  const int64_t before = peak_rss_bytes();
  folder.write("w.bin", "0123456789");
  expect_entries_refused({{"location", "w.bin"}, {"length", "7"}}, "has 7 bytes");
  expect_entries_refused({{"location", "w.bin"}, {"length", "1125899906842624"}}, "need 8");
  expect_entries_refused({{"location", "w.bin"}, {"offset", "9223372036854775807"}}, "63 bits");
  expect_entries_refused({{"offset", "0"}}, "no location");
  expect_entries_refused({{"location", ""}}, "no location");
  expect_entries_refused({{"location", "a"}, {"location", "b"}}, "\"location\" twice");
  for (const char* offset : {"3", "10", "11", "1125899906842624", "9223372036854775799"}) {
    SCOPED_TRACE(offset);
    const fs::path model =
        folder.write("x.onnx", model_with({{"location", "w.bin"}, {"offset", offset}}));
    expect_refused([&] { load(model); }, AllOf(HasSubstr("past the end"), HasSubstr(offset)));
  }
  // 2^50 elements, in a file that has not one.
  const fs::path model = folder.write(
      "x.onnx",
      test::model_of_tensor(
          test::dims({uint64_t{1} << 48}) + test::data_type(test::kFloat) + test::name("w") +
          test::external_data({{"location", "w.bin"}, {"length", "1125899906842624"}})));
  expect_refused([&] { load(model); }, HasSubstr("past the end"));
  EXPECT_LT(peak_rss_bytes() - before, int64_t{4} << 20);
}

TEST_F(ExternalDataTest, NamesDoNotLeadOutOfTheFolder) {
  folder.write("outside.bin", "01234567");
  const fs::path model_folder = folder.path() / "model";
  for (const std::string& location :
       {std::string("../outside.bin"), std::string("sub/../../outside.bin"), std::string(".."),
        std::string("sub/.."), (folder.path() / "outside.bin").string(), std::string("/dev/zero"),
        std::string("/etc/passwd"), std::string("a//b"), std::string("..\\outside.bin"),
        std::string("a\0b", 3), std::string("sub/./w.bin"), std::string("sub/")}) {
    SCOPED_TRACE(location);
    const fs::path model = folder.write("model/x.onnx", model_with({{"location", location}}));
    expect_refused([&] { load(model); }, HasSubstr("not a file of its folder"));
  }
  expect_location_refused("absent.bin", "absent.bin", ErrorCode::kNotFound);
}

TEST_F(ExternalDataTest, LinksStayInTheFolder) {
  folder.write("outside.bin", "01234567");
  folder.write("model/w.bin", "abcdefgh");
  const fs::path model_folder = folder.path() / "model";
  fs::create_symlink("w.bin", model_folder / "inside");
  fs::create_symlink("../outside.bin", model_folder / "relative");
  fs::create_symlink(folder.path() / "outside.bin", model_folder / "absolute");
  fs::create_symlink("relative", model_folder / "chain");
  fs::create_symlink("..", model_folder / "up");
  fs::create_symlink("/dev/zero", model_folder / "endless");
  fs::create_symlink("absent", model_folder / "dangling");
  fs::create_symlink("circle", model_folder / "circle");
  const auto load_at = [&](const std::string& location) {
    return load(folder.write("model/x.onnx", model_with({{"location", location}})));
  };
  EXPECT_EQ(load_at("inside").size_bytes(), 8);
  for (const char* location : {"relative", "absolute", "chain", "up/outside.bin", "endless"}) {
    SCOPED_TRACE(location);
    expect_refused([&] { load_at(location); }, HasSubstr("leads out"));
  }
  expect_refused([&] { load_at("dangling"); }, HasSubstr("dangling"), ErrorCode::kNotFound);
  expect_refused([&] { load_at("circle"); }, HasSubstr("circle"), ErrorCode::kNotFound);
}

TEST_F(ExternalDataTest, OnlyRegularFilesOfOneNameAreRead) {
  folder.write("w.bin", "01234567");
  fs::create_directory(folder.path() / "folder");
  ASSERT_EQ(mkfifo((folder.path() / "fifo").c_str(), 0600), 0);  // would block for ever
  fs::create_symlink("fifo", folder.path() / "to_fifo");
  folder.write("secret", "01234567");
  fs::create_hard_link(folder.path() / "secret", folder.path() / "second_name");
  for (const char* location : {"folder", "fifo", "to_fifo"}) {
    expect_location_refused(location, "not a regular file");
  }
  expect_location_refused("second_name", "hard links");
  EXPECT_EQ(bytes_at("w.bin"), "01234567");
}

TEST_F(ExternalDataTest, TheCacheOfTheHubKeepsBothFilesAsLinks) {
  const std::string model = model_with({{"location", "x.onnx_data"}});
  folder.write("models--a--b/blobs/m", model);
  folder.write("models--a--b/blobs/d", "01234567");
  folder.write("models--a--other/blobs/d", "01234567");
  const auto snapshot = [&](const std::string& commit, const std::string& data) {
    const fs::path onnx = folder.path() / "models--a--b/snapshots" / commit / "onnx";
    fs::create_directories(onnx);
    fs::create_symlink("../../../blobs/m", onnx / "x.onnx");
    fs::create_symlink(data, onnx / "x.onnx_data");
    return onnx / "x.onnx";
  };
  EXPECT_EQ(load(snapshot("1", "../../../blobs/d")).size_bytes(), 8);
  const fs::path other = snapshot("2", "../../../../models--a--other/blobs/d");
  expect_refused([&] { load(other); }, HasSubstr("leads out"));
}

TEST_F(ExternalDataTest, AFileIsOpenedOnceAndOnlyWhenItsTensorIsWanted) {
  std::string graph;
  for (const char* name : {"a", "b", "w"}) {
    graph += test::initializer(test::dims({2}) + test::data_type(test::kFloat) + test::name(name) +
                               test::external_data({{"location", "w.bin"}}));
  }
  const auto model = std::make_shared<test::RangedMedium>();
  model->bytes = test::model_of_graph(graph);
  const auto data = std::make_shared<test::RangedMedium>();
  data->bytes = "01234567";
  const auto reader = catalogs.formats.get("onnx").open(
      {.bytes = std::make_shared<test::RangedSource>("x.onnx", model),
       .open_sibling = [&](std::string_view name) {
         EXPECT_EQ(name, "w.bin");
         return std::make_shared<test::RangedSource>("w.bin", data);
       }});
  EXPECT_EQ(reader->metadata().tensors.size(), 3u);
  EXPECT_EQ(data->opened, 0);
  for (const char* name : {"a", "b", "w"}) EXPECT_TRUE(reader->find_stored(name).has_value());
  EXPECT_EQ(data->opened, 1);
}

TEST_F(ExternalDataTest, AReplacedFileIsReadAgain) {
  const auto put = [&](const std::string& bytes) {
    fs::rename(folder.write("new", bytes), folder.path() / "w.bin");
  };
  put("01234567");
  EXPECT_EQ(bytes_at("w.bin"), "01234567");
  put("76543210");
  const Tensor tensor = load(folder.path() / "x.onnx");
  EXPECT_EQ(std::memcmp(tensor.raw_data(), "76543210", 8), 0);
  fs::remove(folder.path() / "w.bin");
  expect_refused([&] { load(folder.path() / "x.onnx"); }, HasSubstr("no file"),
                 ErrorCode::kNotFound);
}

TEST_F(ExternalDataTest, NothingLiesBesideMemory) {
  const std::string model = model_with({{"location", "w.bin"}});
  const WeightSource source = WeightSource::memory(borrow_bytes(model), "x.onnx");
  EXPECT_EQ(loader->get_metadata(source).tensors.size(), 1u);
  expect_refused(
      [&] {
        loader->load_tensor({"w", std::nullopt, std::nullopt, Device::cpu(), source, {}});
      },
      HasSubstr("nothing lies beside it"), ErrorCode::kNotFound);
}

}  // namespace
}  // namespace ferrum
