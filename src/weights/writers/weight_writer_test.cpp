// Files equal those of the libraries whose formats they have (tools/make_writer_references.py,
// tools/make_numpy_references.py), and none is there before it is whole.

#include "ferrum/weights/weight_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <thread>

#include "ferrum/weights/weight_catalogs.h"
#include "support/expect_error.h"
#include "support/host_tensor_factory.h"
#include "support/temp_folder.h"
#include "weights/archives/zip_archive.h"
#include "weights/mapped_file.h"

namespace ferrum {
namespace {

namespace fs = std::filesystem;
using test::expect_error;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

const fs::path kData = FERRUM_SOURCE_DIR "/tests/data/weights";

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class WeightWriterTest : public testing::Test {
 protected:
  std::unique_ptr<WeightWriter> create(const WriteRequest& request) {
    const bool raw = request.path.ends_with(".raw");
    return create_weight_writer(catalogs.formats, request, raw ? "raw" : "");
  }
  fs::path path(const std::string& name) const { return folder.path() / name; }
  std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (const auto& entry : fs::directory_iterator(folder.path())) {
      result.push_back(entry.path().filename().string());
    }
    return result;
  }

  std::vector<Tensor> load_all(const WeightSource& source, const WeightMetadata& metadata) {
    std::vector<TensorSpec> specs;
    for (const auto& [name, info] : metadata.tensors) {
      specs.push_back({name, std::nullopt, std::nullopt, Device::cpu(), source, {}});
    }
    return loader->load_tensors(specs);
  }

  // All tensors of `source` in a file, the last one first and in small pieces.
  void copy(const fs::path& source, const fs::path& target,
            std::map<std::string, std::string> file_metadata = {}) {
    const WeightSource file = WeightSource::file(source.string());
    const WeightMetadata metadata = loader->get_metadata(file);
    const std::vector<Tensor> tensors = load_all(file, metadata);
    WriteRequest request{target.string(), {}, std::move(file_metadata)};
    for (const auto& [name, info] : metadata.tensors) {
      request.tensors.push_back({name, info.dtype, info.shape});
    }
    const auto writer = create(request);
    for (size_t i = tensors.size(); i-- > 0;) {
      std::span<const std::byte> rest(static_cast<const std::byte*>(tensors[i].raw_data()),
                                      static_cast<size_t>(tensors[i].size_bytes()));
      while (!rest.empty()) {
        const auto piece = rest.first(std::min<size_t>(rest.size(), 5));
        writer->write(request.tensors[i].name, piece);
        rest = rest.subspan(piece.size());
      }
    }
    EXPECT_FALSE(fs::exists(target));
    writer->finish();
  }

  test::TempFolder folder;
  HostTensorFactory factory;
  WeightCatalogs catalogs = create_weight_catalogs();
  std::unique_ptr<WeightLoader> loader = create_weight_loader(catalogs, factory);
};

std::string bytes(size_t count) { return std::string(count, 'x'); }
std::span<const std::byte> as_bytes(const std::string& text) {
  return std::as_bytes(std::span(text));
}

TEST_F(WeightWriterTest, SafetensorsAreThoseOfTheReference) {
  int files = 0;
  for (const auto& entry : fs::directory_iterator(kData / "writers")) {
    const std::string name = entry.path().filename().string();
    SCOPED_TRACE(name);
    std::map<std::string, std::string> metadata;
    if (name == "all.safetensors") metadata["format"] = "pt";
    copy(entry.path(), path(name), metadata);
    EXPECT_TRUE(read_file(path(name)) == read_file(entry.path()));
    ++files;
  }
  EXPECT_EQ(files, 10);
}

TEST_F(WeightWriterTest, NumpyArraysAreThoseOfNumPy) {
  int files = 0;
  for (const auto& entry : fs::directory_iterator(kData / "numpy")) {
    const std::string name = entry.path().filename().string();
    if (!name.ends_with("_little.npy") && name != "scalar.npy" && name != "empty.npy") continue;
    SCOPED_TRACE(name);
    copy(entry.path(), path(name));
    EXPECT_TRUE(read_file(path(name)) == read_file(entry.path()));
    ++files;
  }
  EXPECT_EQ(files, 15);
}

TEST_F(WeightWriterTest, ArchivesHoldTheFilesOfNumPyAtAlignedPlaces) {
  WriteRequest request{path("a.npz").string(), {}, {}};
  std::vector<std::string> names, files;
  for (const auto& entry : fs::directory_iterator(kData / "numpy")) {
    if (!entry.path().filename().string().ends_with("_little.npy")) continue;
    const WeightSource file = WeightSource::file(entry.path().string());
    const auto [name, info] = *loader->get_metadata(file).tensors.begin();
    request.tensors.push_back({name, info.dtype, info.shape});
    files.push_back(read_file(entry.path()));
  }
  ASSERT_EQ(files.size(), 13u);
  const auto writer = create(request);
  for (size_t i = files.size(); i-- > 0;) {
    const std::string& name = request.tensors[i].name;
    const std::string data = files[i].substr(files[i].find('\n') + 1);
    writer->write(name, as_bytes(data.substr(0, 3)));
    writer->write(name, as_bytes(data.substr(3)));
  }
  writer->finish();

  const ZipArchive archive(open_mapped_file(request.path));
  ASSERT_EQ(archive.entries().size(), files.size());
  for (size_t i = 0; i < files.size(); ++i) {
    const ZipArchive::Entry& entry = archive.entries()[i];
    EXPECT_EQ(entry.name, request.tensors[i].name + ".npy");
    EXPECT_TRUE(archive.read(entry, 1000) == files[i]);
    EXPECT_EQ(archive.data_offset(entry) % 64, 0);
  }
}

TEST_F(WeightWriterTest, RawIsTheBytesAlone) {
  const auto writer = create({path("x.raw").string(), {{"x", DataType::kI4, {3}}}, {}});
  writer->write("x", as_bytes("ab"));
  writer->finish();
  EXPECT_EQ(read_file(path("x.raw")), "ab");
}

TEST_F(WeightWriterTest, ThreadsWriteTensorsSideBySide) {
  for (const std::string name : {"x.safetensors", "x.npz"}) {
    WriteRequest request{path(name).string(), {}, {}};
    for (int i = 0; i < 4; ++i) {
      request.tensors.push_back({std::to_string(i), DataType::kU8, {999}});
    }
    const auto writer = create(request);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&writer, i] {
        const std::string piece(111, static_cast<char>(i));
        for (int k = 0; k < 9; ++k) writer->write(std::to_string(i), as_bytes(piece));
      });
    }
    for (std::thread& thread : threads) thread.join();
    writer->finish();
    const std::string file = read_file(request.path);
    for (int i = 0; i < 4; ++i) {
      EXPECT_NE(file.find(std::string(999, static_cast<char>(i))), std::string::npos);
    }
  }
}

TEST_F(WeightWriterTest, NothingHasTheNameBeforeItIsWhole) {
  for (const std::string name : {"x.npy", "x.npz", "x.raw", "x.safetensors"}) {
    SCOPED_TRACE(name);
    folder.write(name, "what was there");
    const WriteRequest request{path(name).string(), {{"x", DataType::kF32, {4}}}, {}};
    {
      const auto writer = create(request);
      EXPECT_EQ(names().size(), 2u);
      writer->write("x", as_bytes(bytes(15)));
      expect_error(ErrorCode::kInvalidArgument,
                   AllOf(HasSubstr("'x' has 15 bytes of 16"), HasSubstr(name)),
                   [&] { writer->finish(); });
      expect_error(ErrorCode::kInvalidArgument, HasSubstr("declared with 16 bytes"),
                   [&] { writer->write("x", as_bytes(bytes(2))); });
      expect_error(ErrorCode::kInvalidArgument, HasSubstr("without a tensor 'y'"),
                   [&] { writer->write("y", as_bytes(bytes(2))); });
    }
    EXPECT_THAT(names(), UnorderedElementsAre(name));
    EXPECT_EQ(read_file(path(name)), "what was there");
    const auto writer = create(request);
    writer->write("x", as_bytes(bytes(16)));
    writer->finish();
    EXPECT_THAT(names(), UnorderedElementsAre(name));
    EXPECT_NE(read_file(path(name)), "what was there");
    fs::remove(path(name));
  }
}

TEST_F(WeightWriterTest, AFullDiskIsAnErrorAndLeavesNothing) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{4096, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  for (const std::string name : {"x.npy", "x.npz", "x.raw", "x.safetensors"}) {
    SCOPED_TRACE(name);
    expect_error(ErrorCode::kResourceExhausted, HasSubstr(path(name).string()), [&] {
      const auto writer = create({path(name).string(), {{"x", DataType::kU8, {10'000}}}, {}});
      writer->write("x", as_bytes(bytes(10'000)));
      writer->finish();
    });
    EXPECT_THAT(names(), IsEmpty());
  }
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
}

TEST_F(WeightWriterTest, WhatIsNoFileIsNotReplaced) {
  ASSERT_EQ(mkfifo(path("fifo").c_str(), 0600), 0);
  const FormatPart& safetensors = catalogs.formats.get("safetensors");
  for (const std::string name : {"", "fifo", "/dev/null"}) {
    expect_error(ErrorCode::kInvalidArgument, HasSubstr("name a file"), [&] {
      safetensors.create_writer({(folder.path() / name).string(), {}, {}});
    });
  }
  expect_error(ErrorCode::kIo, HasSubstr("no/folder/x"), [&] {
    safetensors.create_writer({path("no/folder/x").string(), {}, {}});
  });
}

TEST_F(WeightWriterTest, ALinkStaysAndWhatItLeadsToIsWritten) {
  const fs::path target = folder.write("target.npy", "old");
  fs::create_symlink("target.npy", path("link.npy"));
  create({path("link.npy").string(), {{"a", DataType::kU8, {0}}}, {}})->finish();
  EXPECT_TRUE(fs::is_symlink(path("link.npy")));
  EXPECT_TRUE(read_file(target).starts_with("\x93NUMPY"));
}

TEST_F(WeightWriterTest, WhatAFormatCannotHoldIsRefusedAtOnce) {
  const auto refuse = [&](const std::string& name, WriteRequest request, ErrorCode code,
                          const std::string& what) {
    SCOPED_TRACE(name + " " + what);
    request.path = path(name).string();
    expect_error(code, HasSubstr(what), [&] { create(request); });
    EXPECT_THAT(names(), IsEmpty());
  };
  const TensorDeclaration a{"a", DataType::kF32, {2}}, b{"b", DataType::kF32, {2}};
  const auto invalid = ErrorCode::kInvalidArgument, unsupported = ErrorCode::kUnsupported;
  for (const std::string file : {"x.npz", "x.safetensors"}) {
    refuse(file, {"", {a, b, a}, {}}, invalid, "two tensors 'a'");
    refuse(file, {"", {{"a\xff", DataType::kF32, {2}}}, {}}, invalid, "");
    const Shape half{int64_t{1} << 59};
    const TensorDeclaration c{"c", DataType::kF32, {2}};
    refuse(file, {"", {{"a", DataType::kU8, half}, {"b", DataType::kU8, half}, c}, {}}, invalid,
           "larger than any file");
  }
  WriteRequest many;
  for (int i = 0; i <= 500'000; ++i) {
    many.tensors.push_back({std::to_string(i), DataType::kU8, {0}});
  }
  refuse("x.safetensors", many, invalid, "500001 tensors are more");
  for (const std::string file : {"x.npy", "x.raw"}) {
    refuse(file, {"", {a, b}, {}}, invalid, "holds one tensor, 2");
    refuse(file, {"", {}, {}}, invalid, "holds one tensor, 0");
  }
  for (const std::string file : {"x.npy", "x.npz", "x.raw"}) {
    refuse(file, {"", {a}, {{"key", "value"}}}, unsupported, "such as 'key'");
  }
  for (const std::string file : {"x.npy", "x.npz"}) {
    for (const DataType dtype : {DataType::kBF16, DataType::kF8E4M3, DataType::kI4}) {
      refuse(file, {"", {{"a", dtype, {2}}}, {}}, unsupported, "cast it, to f32");
    }
  }
  for (const std::string name : {"../a", "/a", "a\nb"}) {
    refuse("x.npz", {"", {{name, DataType::kF32, {2}}}, {}}, invalid, "cannot be the name");
  }
  refuse("x.safetensors", {"", {{"__metadata__", DataType::kF32, {2}}}, {}}, invalid,
         "__metadata__");
  refuse("x.safetensors", {"", {{"a", DataType::kI4, {2}}}, {}}, unsupported, "no element type");
  refuse("x.safetensors", {"", {{"a", DataType::kF4E2M1, {3}}}, {}}, unsupported, "whole byte");
}

TEST_F(WeightWriterTest, FormatsAreNamedOrToldByTheExtension) {
  const auto unsupported = ErrorCode::kUnsupported;
  const auto written = HasSubstr("can be written: numpy, raw, safetensors");
  expect_error(unsupported, AllOf(HasSubstr("x.onnx says no format"), written), [&] {
    create({path("x.onnx").string(), {}, {}});
  });
  catalogs.formats.add("mute", {"only read", {".mute"}, {}, {}});
  expect_error(unsupported, written, [&] { create({path("x.mute").string(), {}, {}}); });
  const WriteRequest request{path("x").string(), {}, {}};
  expect_error(unsupported, AllOf(HasSubstr("mute are only read"), written),
               [&] { create_weight_writer(catalogs.formats, request, "mute"); });
  expect_error(ErrorCode::kNotFound, HasSubstr("unknown weight format 'other'"),
               [&] { create_weight_writer(catalogs.formats, request, "other"); });
  expect_error(ErrorCode::kInvalidArgument, HasSubstr("end its name in .npz"),
               [&] { create_weight_writer(catalogs.formats, request, "numpy"); });
  create_weight_writer(catalogs.formats, request, "safetensors")->finish();
  EXPECT_THAT(names(), UnorderedElementsAre("x"));
}

}  // namespace
}  // namespace ferrum
