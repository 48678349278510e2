// Archives as they are laid out, read back; small ones are checked against others in
// writers/weight_writer_test.cpp and by tools/check_writers.py.

#include "weights/archives/zip_layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ferrum/types/error.h"
#include "support/expect_error.h"
#include "support/sparse_bytes.h"
#include "weights/archives/zip_archive.h"

namespace ferrum {
namespace {

class SparseSource : public ByteSource {
 public:
  explicit SparseSource(test::SparseBytes bytes) : bytes_(std::move(bytes)) {}
  const std::string& name() const override { return name_; }
  int64_t size() const override { return bytes_.size(); }
  void read(int64_t offset, std::span<std::byte> destination) const override {
    check_range(offset, static_cast<int64_t>(destination.size()));
    bytes_.fill(offset, {reinterpret_cast<char*>(destination.data()), destination.size()});
  }
  void prefetch(int64_t, int64_t) const override {}

 private:
  const std::string name_ = "sparse.zip";
  const test::SparseBytes bytes_;
};

std::shared_ptr<const ByteSource> archive_of(std::span<ZipRecord> records) {
  test::SparseBytes bytes;
  const int64_t directory = lay_out_zip(records);
  for (const ZipRecord& record : records) {
    bytes.put(record.local_offset, to_zip_local_header(record));
  }
  bytes.put(directory, to_zip_directory(records, directory));
  return std::make_shared<SparseSource>(std::move(bytes));
}

TEST(ZipLayoutTest, SizesAndOffsetsBeyond32BitsAreReadBack) {
  constexpr int64_t kGiB = int64_t{1} << 30;
  for (const int64_t bytes : {4 * kGiB - 2, 4 * kGiB - 1, 4 * kGiB, 5 * kGiB, 5000 * kGiB}) {
    SCOPED_TRACE(bytes);
    std::vector<ZipRecord> records{{"small", 10}, {"large", bytes}, {"behind", 20}, {"none", 0}};
    const ZipArchive archive(archive_of(records));
    ASSERT_EQ(archive.entries().size(), records.size());
    for (size_t i = 0; i < records.size(); ++i) {
      const ZipArchive::Entry& entry = archive.entries()[i];
      EXPECT_EQ(entry.name, records[i].name);
      EXPECT_EQ(entry.bytes, records[i].bytes);
      EXPECT_EQ(entry.local_offset, records[i].local_offset);
      EXPECT_EQ(archive.data_offset(entry), records[i].data_offset);
      EXPECT_EQ(records[i].data_offset % 64, 0);
    }
  }
}

TEST(ZipLayoutTest, MoreEntriesThan16BitsCountAreReadBack) {
  for (const size_t count : {65534u, 65535u, 65536u, 70000u}) {
    std::vector<ZipRecord> records;
    for (size_t i = 0; i < count; ++i) records.push_back({std::to_string(i), 0});
    EXPECT_EQ(ZipArchive(archive_of(records)).entries().size(), count);
  }
}

TEST(ZipLayoutTest, EveryLengthOfNameLeavesDataAligned) {
  std::vector<ZipRecord> records;
  for (size_t i = 1; i < 200; ++i) records.push_back({std::string(i, 'x'), 0});
  const ZipArchive archive(archive_of(records));
  for (const auto& entry : archive.entries()) EXPECT_EQ(archive.data_offset(entry) % 64, 0);
}

TEST(ZipLayoutTest, WhatDoesNotFitIsRefused) {
  const auto expect_refused = [](std::vector<ZipRecord> records, const std::string& what) {
    test::expect_error(ErrorCode::kInvalidArgument, testing::HasSubstr(what),
                       [&] { lay_out_zip(records); });
  };
  expect_refused({{"a", INT64_MAX - 100}}, "64 bits");
  expect_refused({{"a", INT64_MAX / 2}, {"b", INT64_MAX / 2}, {"c", 2}}, "64 bits");
  expect_refused({{"a"}, {"a"}}, "two entries 'a'");
  expect_refused({{"a/"}}, "cannot be the name");
  expect_refused({{std::string(65536, 'x')}}, "cannot be the name");
}

}  // namespace
}  // namespace ferrum
