// Archives that zipfile, NumPy and PyTorch wrote (tools/make_zip_references.py), and what must be
// refused.

#include "weights/archives/zip_archive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "ferrum/types/error.h"
#include "ferrum/types/json.h"
#include "support/expect_error.h"
#include "support/hex.h"
#include "support/ranged_source.h"
#include "support/zip_bytes.h"

namespace ferrum {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const std::string kFolder = FERRUM_SOURCE_DIR "/tests/data/weights/zip/";
constexpr int64_t kMost = int64_t{1} << 22;

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

ZipArchive open(std::string bytes) {
  return ZipArchive(std::make_shared<test::RangedBytes>("x.zip", std::move(bytes)));
}
std::string read_all(const ZipArchive& archive) {
  std::string all;
  for (const auto& entry : archive.entries()) all += archive.read(entry, kMost);
  return all;
}
std::string part(const ZipArchive& archive, const ZipArchive::Entry& entry, int64_t begin,
                 int64_t end) {
  std::string bytes;
  archive.stream(entry, begin, end, [&](std::span<const std::byte> chunk) {
    EXPECT_LE(chunk.size(), size_t{1} << 20);
    bytes.append(reinterpret_cast<const char*>(chunk.data()), chunk.size());
  });
  return bytes;
}
std::string counting(int64_t begin, int64_t end) {
  std::string bytes;
  for (int64_t i = begin; i < end; ++i) bytes += static_cast<char>(i % 251);
  return bytes;
}

void expect_refused(const std::string& bytes, const testing::Matcher<std::string>& what,
                    ErrorCode code = ErrorCode::kInvalidFormat) {
  test::expect_error(code, AllOf(HasSubstr("x.zip"), what), [&] { read_all(open(bytes)); });
}

TEST(ZipArchiveTest, WhatOthersWroteIsReadAsTheyReadIt) {
  const Json listing = Json::parse(read_file(kFolder + "expected.json"));
  ASSERT_EQ(listing.size(), 10u);
  for (const auto& [name, expected] : listing.items()) {
    SCOPED_TRACE(name);
    const ZipArchive archive = open(read_file(kFolder + name));
    ASSERT_EQ(archive.entries().size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i) {
      const ZipArchive::Entry& entry = archive.entries()[i];
      EXPECT_EQ(entry.name, expected[i]["name"]);
      EXPECT_EQ(entry.bytes, expected[i]["bytes"]);
      EXPECT_EQ(entry.crc32, expected[i]["crc32"]);
      EXPECT_EQ(archive.find(entry.name), &entry);
      const std::string bytes = archive.read(entry, kMost);
      EXPECT_EQ(static_cast<int64_t>(bytes.size()), entry.bytes);
      EXPECT_EQ(to_hex(bytes), expected[i].value("hex", to_hex(counting(0, entry.bytes))));
    }
    EXPECT_EQ(archive.find("absent"), nullptr);
  }
}

TEST(ZipArchiveTest, LooksLikeOneByItsFirstBytes) {
  for (const std::string name : {"none.zip", "numpy.npz", "torch.pt"}) {
    EXPECT_TRUE(looks_like_zip(test::RangedBytes(name, read_file(kFolder + name)))) << name;
  }
  for (const std::string bytes : {"", "PK", "PK\5\5....", " PK\3\4..."}) {
    EXPECT_FALSE(looks_like_zip(test::RangedBytes("x", bytes))) << bytes;
  }
}

TEST(ZipArchiveTest, EveryRangeOfALargeEntryIsThatRange) {
  const std::string deflated_file = read_file(kFolder + "large.zip");
  const std::string stored_file = zip_bytes({{.name = "counting", .data = counting(0, 3'000'000)}});
  for (const std::string& bytes : {deflated_file, stored_file}) {
    const ZipArchive archive = open(bytes);
    const ZipArchive::Entry& entry = *archive.find("counting");
    for (const auto& [begin, end] : std::vector<std::pair<int64_t, int64_t>>{
             {0, 3'000'000}, {0, 0}, {0, 1}, {17, 1'500'000}, {2'999'999, 3'000'000},
             {3'000'000, 3'000'000}, {1'048'576, 2'097'152}}) {
      EXPECT_EQ(part(archive, entry, begin, end), counting(begin, end)) << begin << " " << end;
    }
    for (const auto& [begin, end] : std::vector<std::pair<int64_t, int64_t>>{
             {-1, 1}, {2, 1}, {0, 3'000'001}}) {
      EXPECT_THROW(part(archive, entry, begin, end), Error) << begin << " " << end;
    }
  }
}

TEST(ZipArchiveTest, OpensInOneReadOrTwoAndFindsDataInOne) {
  const auto small = std::make_shared<test::RangedBytes>("x.zip", read_file(kFolder + "torch.pt"));
  const ZipArchive archive(small);
  EXPECT_EQ(small->reads(), 1);
  archive.data_offset(archive.entries().front());
  EXPECT_EQ(small->reads(), 2);

  std::vector<ZipPiece> pieces;
  for (int i = 0; i < 3000; ++i) {
    pieces.push_back({.name = "a/name/of/some/length/" + std::to_string(i),
                      .data = std::string(1000, 'x')});
  }
  const auto wide = std::make_shared<test::RangedBytes>("x.zip", zip_bytes(pieces));
  EXPECT_EQ(ZipArchive(wide).entries().size(), 3000u);
  EXPECT_EQ(wide->reads(), 2);
  EXPECT_LT(wide->bytes_read(), 400'000);
}

TEST(ZipArchiveTest, APartOfADeflatedEntryFetchesNoMoreThanItTakes) {
  std::string noise;
  uint64_t state = 1;
  for (int i = 0; i < 4'000'000; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    noise += static_cast<char>(state >> 56);
  }
  const auto bytes = std::make_shared<test::RangedBytes>(
      "x.zip", zip_bytes({{.name = "noise", .data = deflated(noise), .method = 8,
                           .bytes = 4'000'000, .crc32 = 0}}));
  const ZipArchive archive(bytes);
  const int64_t before = bytes->bytes_read();
  EXPECT_EQ(part(archive, archive.entries()[0], 100, 200), noise.substr(100, 100));
  EXPECT_LT(bytes->bytes_read() - before, 100'000);
}

TEST(ZipArchiveTest, ReadsFromManyThreads) {
  const ZipArchive archive = open(read_file(kFolder + "large.zip"));
  const std::string expected = counting(0, 3'000'000);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] { EXPECT_EQ(archive.read(archive.entries()[0], kMost), expected); });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(ZipArchiveTest, EndRecordsAreWholeAndTheLastThing) {
  const std::string good = zip_bytes({{.name = "a", .data = "data"}});
  EXPECT_EQ(read_all(open(good)), "data");
  EXPECT_EQ(read_all(open(zip_bytes({{.name = "a", .data = "data"}}, "a comment"))), "data");
  expect_refused("", HasSubstr("no end record"));
  expect_refused("PK\3\4", HasSubstr("no end record"));
  expect_refused(good + "x", HasSubstr("followed by 1 bytes"));
  expect_refused(good.substr(0, good.size() - 1), HasSubstr("no end record"));
  expect_refused("prefix" + good, HasSubstr("does not end where the end record begins"));
  expect_refused(zip_bytes({{.name = "a", .data = "data"}}, "PK\5\6" + std::string(18, '\0')),
                 HasSubstr("directory"));
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_THROW(open(good.substr(0, size)), Error) << size;
  }

  const std::string local = zip_local({.name = "a"}), central = zip_central({.name = "a"}, 0);
  const auto directory = static_cast<uint32_t>(central.size());
  const auto begin = static_cast<uint32_t>(local.size());
  expect_refused(local + central + zip_end(2, directory, begin), HasSubstr("too short"));
  expect_refused(local + central + zip_end(0, directory, begin), HasSubstr("more than"));
  expect_refused(local + central + zip_end(1, directory - 1, begin), HasSubstr("does not end"));
  expect_refused(local + central + zip_end(1, 0xfffffff0, begin), HasSubstr("at most"));
  // The directory is right, and yet what it names comes after something else.
  expect_refused("polyglot" + local + zip_central({.name = "a"}, 8) +
                     zip_end(1, directory, begin + 8),
                 HasSubstr("behind 8 bytes"));
}

TEST(ZipArchiveTest, ArchivesInPartsAreRefused) {
  const std::string good = zip_bytes({{.name = "a", .data = "data"}});
  for (const size_t field : {4u, 6u, 8u}) {
    std::string bytes = good;
    bytes[good.size() - 22 + field] = 2;
    expect_refused(bytes, HasSubstr("several parts"), ErrorCode::kUnsupported);
  }
  std::string bytes = good;
  bytes[good.find("PK\1\2") + 34] = 1;
  expect_refused(bytes, HasSubstr("several parts"), ErrorCode::kUnsupported);
}

// Where the ZIP64 end record, its locator and the end record begin, from the end.
TEST(ZipArchiveTest, BothEndRecordsTellTheSame) {
  const std::string good = read_file(kFolder + "torch.pt");
  const size_t end = good.size() - 22, locator = end - 20, record = locator - 56;
  ASSERT_EQ(good.substr(record, 4), "PK\6\6");
  const auto expect_change_refused = [&](size_t at, const std::string& what,
                                         ErrorCode code = ErrorCode::kInvalidFormat) {
    std::string bytes = good;
    bytes[at] = static_cast<char>(bytes[at] + 2);
    expect_refused(bytes, HasSubstr(what), code);
  };
  expect_change_refused(record, "not where it should be");
  expect_change_refused(record + 4, "not where it should be");
  expect_change_refused(locator + 8, "not where it should be");
  expect_change_refused(locator + 15, "");
  expect_change_refused(locator + 4, "several parts", ErrorCode::kUnsupported);
  expect_change_refused(locator + 16, "several parts", ErrorCode::kUnsupported);
  expect_change_refused(record + 32, "end records differ");
  expect_change_refused(record + 40, "end records differ");
  expect_change_refused(record + 48, "end records differ");
  expect_change_refused(end + 10, "end records differ");
  std::string huge = good;
  huge[record + 31] = huge[record + 39] = '\x7f';
  huge.replace(end + 8, 4, 4, '\xff');
  expect_refused(huge, HasSubstr("at most 1048576"));
}

TEST(ZipArchiveTest, EntriesAreUniqueAndStayInTheFolder) {
  expect_refused(zip_bytes({{.name = "a"}, {.name = "b"}, {.name = "a"}}),
                 HasSubstr("two entries 'a'"));
  for (const std::string name : {"/etc/passwd", "..", "../x", "a/../../x", "a/..", "a\\..\\x"}) {
    expect_refused(zip_bytes({{.name = name}}), HasSubstr("leads out"));
  }
  for (const auto& name : {std::string("a\0b", 3), std::string(), std::string("\xff"),
                           std::string("\x1b[2J"), std::string("\x7f")}) {
    expect_refused(zip_bytes({{.name = name}}), HasSubstr("no text"));
  }
  expect_refused(zip_bytes({{.name = "folder/", .data = "x"}}), HasSubstr("folder with content"));
  EXPECT_EQ(read_all(open(zip_bytes({{.name = "a..b/...", .data = "x"}}))), "x");
}

TEST(ZipArchiveTest, EncryptedEntriesAreRefused) {
  for (const uint16_t flag : {0x1, 0x20, 0x40, 0x2000}) {
    expect_refused(zip_bytes({{.name = "a", .flags = flag}}), HasSubstr("encrypted"),
                   ErrorCode::kUnsupported);
  }
  expect_refused(zip_bytes({{.name = "a", .data = "x", .method = 12}}), HasSubstr("method 12"),
                 ErrorCode::kUnsupported);
}

TEST(ZipArchiveTest, ExtentsLieInTheFileAndApart) {
  const ZipPiece first{.name = "a", .data = std::string(100, 'x')};
  expect_refused(zip_bytes({first, {.name = "b", .offset = 0}}), HasSubstr("overlap"));
  expect_refused(zip_bytes({first, {.name = "b", .offset = 50}}), HasSubstr("overlap"));
  expect_refused(zip_bytes({first, {.name = "b", .offset = 132}}), HasSubstr("reaches past"));
  expect_refused(zip_bytes({first, {.name = "b", .offset = 0xfffffffe}}),
                 HasSubstr("reaches past"));
  expect_refused(zip_bytes({{.name = "a", .offset = 0xffffffff}}), HasSubstr("lacks its ZIP64"));
  expect_refused(zip_bytes({{.name = "a", .data = "12", .bytes = 3}}), HasSubstr("two sizes"));
  const std::string huge("\1\0\x8\0\0\0\0\0\0\0\0\x80", 12);
  expect_refused(zip_bytes({{.name = "a", .offset = 0xffffffff, .extra = huge}}),
                 HasSubstr("impossible"));
  expect_refused(zip_bytes({{.name = "a", .extra = std::string("\1\0\x9\0....", 8)}}),
                 HasSubstr("cut short"));
  const std::string zero("\1\0\0\0", 4);
  expect_refused(zip_bytes({{.name = "a", .extra = zero + zero}}), HasSubstr("two ZIP64"));
  // The local header is longer than the directory lets one think.
  std::string longer = zip_bytes({{.name = "a", .data = "x"}});
  longer[28] = 100;
  expect_refused(longer, HasSubstr("run into"));
}

TEST(ZipArchiveTest, LocalHeadersSayWhatTheDirectorySays) {
  const std::string differs = "not as the directory says";
  expect_refused(zip_bytes({{.name = "a", .local_name = "b"}}), HasSubstr(differs));
  expect_refused(zip_bytes({{.name = "a", .local_name = "aa"}}), HasSubstr(differs));
  const std::string good = zip_bytes({{.name = "a", .data = "data"}});
  for (const size_t at : {0u, 6u, 8u, 14u, 18u, 22u}) {
    std::string bytes = good;
    bytes[at] = static_cast<char>(bytes[at] ^ 8);
    expect_refused(bytes, HasSubstr(differs));
  }
  std::string streamed = zip_bytes({{.name = "a", .data = "data", .flags = 8}});
  streamed.replace(14, 12, 12, '\0');
  EXPECT_EQ(read_all(open(streamed)), "data");
  std::string zeroed = good;
  zeroed.replace(14, 12, 12, '\0');
  expect_refused(zeroed, HasSubstr(differs));
  // Padding of any length, as aligned archives have it.
  const std::string padding = "FB" + little_endian<uint16_t>(5000) + std::string(5000, 'Z');
  EXPECT_EQ(read_all(open(zip_bytes({{.name = "a", .data = "data", .local_extra = padding}}))),
            "data");
}

TEST(ZipArchiveTest, DamageIsNoticedInWhatIsRead) {
  const std::string plain = counting(0, 5000);
  expect_refused(zip_bytes({{.name = "a", .data = "data", .crc32 = 1}}), HasSubstr("CRC-32"));
  const auto crc = static_cast<uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(plain.data()), 5000));
  ZipPiece piece{.name = "a", .data = deflated(plain), .method = 8, .bytes = 5000, .crc32 = crc};
  EXPECT_EQ(read_all(open(zip_bytes({piece}))), plain);
  const auto expect_change_refused = [&](auto change, const std::string& what) {
    ZipPiece changed = piece;
    change(changed);
    expect_refused(zip_bytes({changed}), HasSubstr(what));
  };
  expect_change_refused([](ZipPiece& p) { p.crc32 = 7; }, "CRC-32");
  expect_change_refused([](ZipPiece& p) { p.bytes = 4999; }, "more than the 4999");
  expect_change_refused([](ZipPiece& p) { p.bytes = 0; }, "more than the 0");
  expect_change_refused([](ZipPiece& p) { p.bytes = 5001; }, "inflates to 5000");
  expect_change_refused([](ZipPiece& p) { p.data.pop_back(); }, "in the middle");
  expect_change_refused([](ZipPiece& p) { p.data += "x"; }, "goes on");
  expect_change_refused([](ZipPiece& p) { p.data[0] = '\7'; }, "does not inflate");
  expect_change_refused([](ZipPiece& p) { p.data.clear(); }, "claims 5000");
}

TEST(ZipArchiveTest, NothingInflatesBeyondWhatItDeclares) {
  const std::string bomb = deflated(std::string(10'000'000, '\0'));
  expect_refused(zip_bytes({{.name = "a", .data = bomb, .method = 8, .bytes = 100}}),
                 HasSubstr("more than the 100"));
  // Deflate cannot do better than 1032 to 1: what claims more is not believed.
  expect_refused(zip_bytes({{.name = "a", .data = "\3", .method = 8, .bytes = 10'000'000}}),
                 HasSubstr("claims 10000000"));
  const ZipArchive archive = open(zip_bytes({{.name = "a", .data = "12345"}}));
  EXPECT_EQ(archive.read(archive.entries()[0], 5), "12345");
  EXPECT_THROW(archive.read(archive.entries()[0], 4), Error);
}

}  // namespace
}  // namespace ferrum
