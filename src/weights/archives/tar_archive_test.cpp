// Archives by Python's tarfile (tests/data/weights/pytorch/tar.pt), and such as none should write.

#include "weights/archives/tar_archive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "ferrum/types/error.h"
#include "support/expect_error.h"
#include "support/ranged_source.h"
#include "support/tar_bytes.h"

namespace ferrum {
namespace {

using testing::HasSubstr;

TarArchive open(const std::string& bytes) { return TarArchive(test::RangedBytes("x.tar", bytes)); }

void expect_refused(const std::string& bytes, const std::string& why,
                    ErrorCode code = ErrorCode::kInvalidFormat) {
  test::expect_error(code, HasSubstr(why), [&] { open(bytes); });
}

TEST(TarArchiveTest, FilesOfPython) {
  std::ifstream file(FERRUM_SOURCE_DIR "/tests/data/weights/pytorch/tar.pt", std::ios::binary);
  const TarArchive archive = open({std::istreambuf_iterator<char>(file), {}});
  ASSERT_EQ(archive.entries().size(), 4u);
  EXPECT_EQ(archive.entries()[1].name, "storages");
  EXPECT_EQ(archive.find("nothing"), nullptr);
  const TarArchive::Entry* info = archive.find("sys_info");
  ASSERT_NE(info, nullptr);
  EXPECT_EQ(info->bytes, 6);  // an empty dict, behind the header and that of its time
  EXPECT_EQ(info->offset, 3 * 512);
}

TEST(TarArchiveTest, SizesAndNamesInEveryForm) {
  const std::string end(1024, '\0');
  const TarArchive plain = open(tar_entry("a", "xyz") + tar_entry("b", "") + end);
  ASSERT_EQ(plain.entries().size(), 2u);
  EXPECT_EQ(plain.find("a")->bytes, 3);
  const std::string binary("\x80\0\0\0\0\0\0\0\0\0\0\3", 12);
  EXPECT_EQ(open(tar_entry("a", "xyz", '\0', binary)).find("a")->bytes, 3);
  EXPECT_EQ(open(tar_entry("a", "xyz", '0', "  3 ")).find("a")->bytes, 3);
  const TarArchive pax = open(tar_entry("h", "13 path=long\n9 size=3\n20 mtime=1500000.25\n", 'x') +
                              tar_entry("short", "xyz", '0', "0") + tar_entry("next", ""));
  ASSERT_EQ(pax.entries().size(), 2u);
  EXPECT_EQ(pax.find("long")->bytes, 3);
  EXPECT_EQ(pax.find("next")->bytes, 0);
}

TEST(TarArchiveTest, WhatIsNoPlainFileIsRefused) {
  for (const char type : {'1', '2', '3', '4', '5', '6', 'L', 'K', 'S', 'Z'}) {
    expect_refused(tar_entry("a", "", type), "no plain file", ErrorCode::kUnsupported);
  }
  expect_refused(tar_entry("a", "") + tar_entry("a", ""), "same name");
}

TEST(TarArchiveTest, SizesThatLieAreRefused) {
  expect_refused(tar_entry("a", "x", '0', "00000001001"), "513 bytes, which reaches past its end");
  expect_refused(tar_entry("a", "x", '0', "77777777777"), "reaches past its end");
  expect_refused(tar_entry("a", "x", '0', "-1"), "no number");
  expect_refused(tar_entry("a", "x", '0', "12x"), "no number");
  expect_refused(tar_entry("a", "x", '0', " "), "no number");
  expect_refused(tar_entry("a", "x", '0', "\x80" + std::string(11, '\x7f')), "no number");
  expect_refused(tar_entry("a", "x", '0', std::string(12, '\xff')), "no number");
  expect_refused(tar_entry("a", "x") + std::string(300, 'x'), "ends inside a header");
  expect_refused(tar_entry("a", "x") + std::string(512, 'x'), "no header at byte 1024");
  for (const char* text : {"x", "9 size=3", "900 size=3\n", "3 x\n", "0 a\n", "9 size=x\n",
                           "10 size=-1\n", "-1 size=3\n", "99999999999999999999 a=b\n"}) {
    expect_refused(tar_entry("h", text, 'x') + tar_entry("a", "xyz"), "tar archive that has");
  }
  expect_refused(tar_entry("h", std::string(70'000, 'x'), 'x'), "70000 bytes");
}

TEST(TarArchiveTest, CountsAreBounded) {
  std::string bytes;
  for (int i = 0; i <= 1000; ++i) bytes += tar_entry("file" + std::to_string(i), "");
  expect_refused(bytes, "more than 1000 files");
}

}  // namespace
}  // namespace ferrum
