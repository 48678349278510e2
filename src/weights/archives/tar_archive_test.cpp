// Archives by Python's tarfile (tests/data/weights/pytorch/tar.pt), and such as none should write.

#include "weights/archives/tar_archive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include "ferrum/types/error.h"

namespace ferrum {
namespace {

using testing::HasSubstr;

class Bytes : public ByteSource {
 public:
  explicit Bytes(std::string bytes) : bytes_(std::move(bytes)) {}
  const std::string& name() const override { return name_; }
  int64_t size() const override { return static_cast<int64_t>(bytes_.size()); }
  void read(int64_t offset, std::span<std::byte> destination) const override {
    check_range(offset, static_cast<int64_t>(destination.size()));
    std::memcpy(destination.data(), bytes_.data() + offset, destination.size());
  }
  void prefetch(int64_t, int64_t) const override {}

 private:
  std::string name_ = "x.tar", bytes_;
};

// A header with its sum, and `data` in whole blocks.
std::string entry(const std::string& name, const std::string& data, char type = '0',
                  std::string size = "") {
  std::string header(512, '\0');
  const auto put = [&](size_t at, const std::string& text) {
    header.replace(at, text.size(), text);
  };
  char octal[16];
  std::snprintf(octal, sizeof octal, "%011zo", data.size());
  put(0, name);
  put(124, size.empty() ? octal : size);
  header[156] = type;
  put(148, "        ");
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  std::snprintf(octal, sizeof octal, "%06o", sum);
  put(148, octal);
  header[154] = '\0';
  return header + data + std::string((512 - data.size() % 512) % 512, '\0');
}

void expect_refused(const std::string& bytes, const std::string& why,
                    ErrorCode code = ErrorCode::kInvalidFormat) {
  try {
    TarArchive archive{Bytes(bytes)};
    ADD_FAILURE() << "accepted, expected: " << why;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_THAT(std::string(error.what()), HasSubstr(why));
  }
}

TEST(TarArchiveTest, FilesOfPython) {
  std::ifstream file(FERRUM_SOURCE_DIR "/tests/data/weights/pytorch/tar.pt", std::ios::binary);
  const TarArchive archive(Bytes({std::istreambuf_iterator<char>(file), {}}));
  ASSERT_EQ(archive.entries().size(), 4u);
  EXPECT_EQ(archive.entries()[1].name, "storages");
  EXPECT_EQ(archive.find("nothing"), nullptr);
  const TarArchive::Entry* info = archive.find("sys_info");
  ASSERT_NE(info, nullptr);
  EXPECT_EQ(info->bytes, 6);  // an empty dict, behind the header and that of its time
  EXPECT_EQ(info->offset, 3 * 512);
}

TEST(TarArchiveTest, SizesAndNamesInEveryForm) {
  const TarArchive plain(Bytes(entry("a", "xyz") + entry("b", "") + std::string(1024, '\0')));
  ASSERT_EQ(plain.entries().size(), 2u);
  EXPECT_EQ(plain.find("a")->bytes, 3);
  const std::string binary("\x80\0\0\0\0\0\0\0\0\0\0\3", 12);
  EXPECT_EQ(TarArchive(Bytes(entry("a", "xyz", '\0', binary))).find("a")->bytes, 3);
  EXPECT_EQ(TarArchive(Bytes(entry("a", "xyz", '0', "  3 "))).find("a")->bytes, 3);
  const TarArchive pax(Bytes(entry("h", "13 path=long\n9 size=3\n20 mtime=1500000.25\n", 'x') +
                             entry("short", "xyz", '0', "0") + entry("next", "")));
  ASSERT_EQ(pax.entries().size(), 2u);
  EXPECT_EQ(pax.find("long")->bytes, 3);
  EXPECT_EQ(pax.find("next")->bytes, 0);
}

TEST(TarArchiveTest, WhatIsNoPlainFileIsRefused) {
  for (const char type : {'1', '2', '3', '4', '5', '6', 'L', 'K', 'S', 'Z'}) {
    expect_refused(entry("a", "", type), "no plain file", ErrorCode::kUnsupported);
  }
  expect_refused(entry("a", "") + entry("a", ""), "same name");
}

TEST(TarArchiveTest, SizesThatLieAreRefused) {
  expect_refused(entry("a", "x", '0', "00000001001"), "513 bytes, which reaches past its end");
  expect_refused(entry("a", "x", '0', "77777777777"), "reaches past its end");
  expect_refused(entry("a", "x", '0', "-1"), "no number");
  expect_refused(entry("a", "x", '0', "12x"), "no number");
  expect_refused(entry("a", "x", '0', " "), "no number");
  expect_refused(entry("a", "x", '0', "\x80" + std::string(11, '\x7f')), "no number");
  expect_refused(entry("a", "x", '0', std::string(12, '\xff')), "no number");
  expect_refused((entry("a", "x") + entry("b", "")).substr(0, 1300), "ends inside a header");
  expect_refused(entry("a", "x") + std::string(512, 'x'), "no header at byte 1024");
  for (const char* text : {"x", "9 size=3", "900 size=3\n", "3 x\n", "0 a\n", "9 size=x\n",
                           "10 size=-1\n", "-1 size=3\n", "99999999999999999999 a=b\n"}) {
    expect_refused(entry("h", text, 'x') + entry("a", "xyz"), "tar archive that has");
  }
  expect_refused(entry("h", std::string(70'000, 'x'), 'x'), "70000 bytes");
}

TEST(TarArchiveTest, CountsAreBounded) {
  std::string bytes;
  for (int i = 0; i <= 1000; ++i) bytes += entry("file" + std::to_string(i), "");
  expect_refused(bytes, "more than 1000 files");
}

}  // namespace
}  // namespace ferrum
