// ZIP and tar archives around pickles that no library writes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ferrum/types/host_memory.h"
#include "support/expect_error.h"
#include "support/tar_bytes.h"
#include "support/torch_bytes.h"
#include "support/zip_bytes.h"
#include "weights/formats/pytorch/torch_fixture.h"

namespace ferrum {
namespace {

using namespace torch_bytes;
using testing::AllOf;
using testing::HasSubstr;

// A ZIP archive of a pickle and of the storage "0".
std::vector<ZipPiece> pieces(const std::string& pickle, size_t storage_bytes = 24) {
  return {{.name = "archive/data.pkl", .data = pickle},
          {.name = "archive/byteorder", .data = "little"},
          {.name = "archive/data/0", .data = std::string(storage_bytes, '\x3f')}};
}
const std::string kTensor = named(rebuild(storage(), 0, {6}, {1}));

// A storage of tar archives: its pickle (key, device, class), its count and its elements.
std::string tar_storage(int64_t key, int64_t count, int64_t floats) {
  return "(" + integer(key) + text("cpu") + "ctorch\nFloatStorage\nt." + number(count) +
         std::string(static_cast<size_t>(floats) * 4, '\x3f');
}
std::string tar_tensor(int64_t key, int64_t storage, int64_t rank,
                       const std::vector<int64_t>& numbers) {
  std::string result = "(" + integer(key) + integer(storage) + "ctorch\nFloatTensor\nt." +
                       number(rank, 4) + number(0, 4);
  for (const int64_t value : numbers) result += number(value);
  return result;
}
struct TarParts {
  std::string storages = "K\1." + tar_storage(10, 6, 6) + "].";
  std::string tensors = "K\1." + tar_tensor(20, 10, 2, {2, 2, 3, 1, 1});
  std::string pickle = "}" + text("w") + integer(20) + "Qs.";
};
std::string tar(const TarParts& parts = {}) {
  return tar_entry("sys_info", "}.") + tar_entry("storages", parts.storages) +
         tar_entry("tensors", parts.tensors) + tar_entry("pickle", parts.pickle);
}

using TorchArchivesTest = test::TorchFixture;

TEST_F(TorchArchivesTest, TheTestsOwnArchivesAreRead) {
  EXPECT_EQ(open(zip_bytes(pieces(kTensor))).tensors.at("w").shape, (Shape{6}));
  EXPECT_EQ(open(tar()).tensors.at("w").shape, (Shape{2, 2}));
  const std::string plain = kTensor;
  std::vector<ZipPiece> packed = pieces(deflated(plain));
  packed[0].method = 8;
  packed[0].bytes = static_cast<uint32_t>(plain.size());
  packed[0].crc32 = static_cast<uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(plain.data()), static_cast<uInt>(plain.size())));
  EXPECT_EQ(load(zip_bytes(packed)).numel(), 6);
}

TEST_F(TorchArchivesTest, StoragesOfAZipAreAsLargeAsThePickleSays) {
  for (const size_t bytes : {0, 20, 23, 25, 48}) {
    expect_refused(zip_bytes(pieces(kTensor, bytes)),
                   AllOf(HasSubstr("tensor \"w\""), HasSubstr("has " + std::to_string(bytes)),
                         HasSubstr("24 are declared")));
  }
  expect_refused(zip_bytes(pieces(named(rebuild(storage(6, "1"), 0, {1}, {1})))),
                 HasSubstr("\"archive/data/1\" is not in the archive"));
  expect_refused(zip_bytes(pieces(named(rebuild(storage(6, "../../x"), 0, {1}, {1})))),
                 HasSubstr("is not in the archive"));
  const std::string view = "(" + text("1") + integer(0) + integer(6) + "t";
  expect_refused(zip_bytes(pieces(named(
                     rebuild(storage(6, "0", "FloatStorage", view), 0, {1}, {1})))),
                 HasSubstr("a part of another"));
}

TEST_F(TorchArchivesTest, ALocalHeaderIsCheckedBeforeItsTensorIsRead) {
  std::vector<ZipPiece> changed = pieces(kTensor);
  changed[2].local_name = "archive/data/9";
  EXPECT_EQ(open(zip_bytes(changed)).tensors.size(), 1u);
  expect_load_refused(zip_bytes(changed), HasSubstr("archive/data/0"));
}

TEST_F(TorchArchivesTest, ZipArchivesOfOtherThings) {
  const auto refuse = [&](std::vector<ZipPiece> files, const char* why,
                          ErrorCode code = ErrorCode::kInvalidFormat) {
    const std::string bytes = zip_bytes(files);
    test::expect_error(code, AllOf(HasSubstr("x.pt"), HasSubstr(why)), [&] {
      loader->get_metadata(WeightSource::memory(borrow_bytes(bytes), "x.pt", "pytorch"));
    });
  };
  std::vector<ZipPiece> files = pieces(kTensor);
  files[1].data = "middle";
  refuse(files, "byte order \"middle\"");
  files[1].data = std::string(100, 'x');
  refuse(files, "100 bytes");
  files = pieces(kTensor);
  files.push_back({.name = "archive/constants.pkl", .data = "N."});
  refuse(files, "TorchScript", ErrorCode::kUnsupported);
  refuse({{.name = "archive/x/data.pkl", .data = kTensor}}, "no data.pkl in its folder");
  refuse({{.name = "x"}, {.name = "archive/data.pkl", .data = kTensor}}, "not with a folder");
  files = pieces(kTensor);
  files[0].crc32 = 1;
  refuse(files, "CRC-32");
  files[0] = {.name = "archive/data.pkl", .data = deflated("x"), .method = 8, .bytes = 1u << 30};
  refuse(files, "data.pkl");
}

TEST_F(TorchArchivesTest, TarArchivesAreDataOnly) {
  expect_refused(tar({.pickle = "cos\nsystem\nX\2\0\0\0id\x85R."}), HasSubstr("os.system"));
  const TarParts usual;
  const auto storages = [&](const std::string& bytes, const char* why) {
    expect_refused(tar({.storages = bytes}), HasSubstr(why));
  };
  storages("cposix\nsystem\n.", "posix.system");
  storages("K\2." + tar_storage(10, 6, 6), "more bytes");
  storages("K\1." + tar_storage(10, 7, 6) + "].", "bytes");
  storages("K\1." + tar_storage(10, INT64_MAX, 6) + "].", "does not fit in 64 bits");
  storages("K\1." + tar_storage(10, -1, 6) + "].", "does not fit in 64 bits");
  storages("J\xff\xff\xff\x7f.", "how much");
  storages("K\2." + tar_storage(10, 6, 6) + tar_storage(10, 6, 6) + "].", "two storages");
  const std::string one = "K\1." + tar_storage(10, 6, 6);
  storages(one + "N.", "no list of parts");
  storages(one + "](" + tuple({11, 12, 0, 1}) + "e.", "not there");
  storages(one + "](" + tuple({11, 10, 3, 4}) + "e.", "no part of one of 6");
  storages(one + "](" + tuple({11, 10, -1, 1}) + "e.", "no part of one of 6");
  const auto tensors = [&](const std::string& bytes, const char* why) {
    expect_refused(tar({.tensors = bytes}), HasSubstr(why));
  };
  tensors("K\1." + tar_tensor(20, 11, 0, {0}), "without key or storage");
  tensors("K\1." + tar_tensor(20, 10, 1, {6, 1, 1}), "reach outside");
  tensors("K\1." + tar_tensor(20, 10, 1, {2, -1, 5}), "negative stride");
  EXPECT_THROW(open(tar({.tensors = "K\1." + tar_tensor(20, 10, 9, {})})), Error);
  EXPECT_THROW(open(tar({.tensors = "K\1." + tar_tensor(20, 10, -1, {})})), Error);
  tensors("K\1." + tar_tensor(20, 10, 2, {2, 2}), "more bytes");
  tensors("K\2." + usual.tensors.substr(3) + usual.tensors.substr(3), "has it twice");
  expect_refused(tar_entry("storages", usual.storages), HasSubstr("without 'tensors'"));
}

}  // namespace
}  // namespace ferrum
