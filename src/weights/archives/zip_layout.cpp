#include "weights/archives/zip_layout.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "ferrum/types/checked.h"
#include "ferrum/types/error.h"
#include "weights/archives/zip_directory.h"

namespace ferrum {
namespace {

constexpr int64_t kAlignment = 64;
constexpr int64_t kLocalBytes = 30;
constexpr int64_t kIn64 = 0xffff, kIn64Wide = 0xffffffff;
constexpr uint16_t kZip64Extra = 1, kPaddingExtra = 0x4246;
constexpr uint16_t kVersion = 20, kVersionOf64 = 45;
constexpr uint16_t kNamesAreUtf8 = 0x800;
constexpr uint32_t kFirstOfJanuary1980 = 0x210000;  // date and time

template <class T>
std::string field(int64_t value) {
  const T narrow = static_cast<T>(value);
  return {reinterpret_cast<const char*>(&narrow), sizeof(narrow)};
}
std::string u16(int64_t value) { return field<uint16_t>(value); }
std::string u32(int64_t value) { return field<uint32_t>(value); }
std::string u64(int64_t value) { return field<uint64_t>(value); }
std::string u16_or_64(int64_t value) { return u16(std::min(value, kIn64)); }
std::string u32_or_64(int64_t value) { return u32(std::min(value, kIn64Wide)); }

// The values that do not fit in their own fields.
std::string zip64_extra(std::initializer_list<int64_t> values) {
  std::string wide;
  for (const int64_t value : values) {
    if (value >= kIn64Wide) wide += u64(value);
  }
  return wide.empty() ? "" : u16(kZip64Extra) + u16(static_cast<int64_t>(wide.size())) + wide;
}

std::string local_zip64_extra(const ZipRecord& record) {
  return zip64_extra({record.bytes, record.bytes});
}

// What local header and directory share.
std::string shared_fields(const ZipRecord& record, bool wide) {
  return u16(wide ? kVersionOf64 : kVersion) + u16(kNamesAreUtf8) + u16(ZipArchive::kStored) +
         u32(kFirstOfJanuary1980) + u32(record.crc32) + u32_or_64(record.bytes) +
         u32_or_64(record.bytes);
}

std::string to_central(const ZipRecord& record) {
  const std::string extra = zip64_extra({record.bytes, record.bytes, record.local_offset});
  return "PK\1\2" + u16(kVersionOf64) + shared_fields(record, !extra.empty()) +
         u16(static_cast<int64_t>(record.name.size())) + u16(static_cast<int64_t>(extra.size())) +
         std::string(10, '\0') + u32_or_64(record.local_offset) + record.name + extra;
}

std::string to_zip64_end(int64_t count, int64_t bytes, int64_t offset) {
  return "PK\6\6" + u64(44) + u16(kVersionOf64) + u16(kVersionOf64) + u32(0) + u32(0) +
         u64(count) + u64(count) + u64(bytes) + u64(offset) +  //
         "PK\6\7" + u32(0) + u64(offset + bytes) + u32(1);
}

void check_names(std::span<ZipRecord> records) {
  std::set<std::string_view> names;
  for (const ZipRecord& record : records) {
    if (!is_zip_name(record.name) || record.name.size() > kIn64 || record.name.ends_with('/')) {
      throw Error(ErrorCode::kInvalidArgument,
                  "'" + record.name + "' cannot be the name of an entry of a ZIP archive");
    }
    if (!names.insert(record.name).second) {
      throw Error(ErrorCode::kInvalidArgument,
                  "two entries '" + record.name + "' are to go into one ZIP archive");
    }
  }
}

}  // namespace

int64_t lay_out_zip(std::span<ZipRecord> records) {
  check_names(records);
  int64_t offset = 0;
  for (ZipRecord& record : records) {
    record.local_offset = offset;
    const int64_t header = kLocalBytes + static_cast<int64_t>(record.name.size()) +
                           static_cast<int64_t>(local_zip64_extra(record).size());
    const auto room = checked_add(offset, header + 2 * kAlignment);
    const auto end = room ? checked_add(*room, record.bytes) : std::nullopt;
    if (!end) throw Error(ErrorCode::kInvalidArgument, "the entries do not fit in 64 bits");
    const int64_t padding = (kAlignment - (offset + header) % kAlignment) % kAlignment;
    // A field of padding has itself four bytes.
    record.data_offset =
        offset + header + padding + (padding > 0 && padding < 4 ? kAlignment : 0);
    offset = record.data_offset + record.bytes;
  }
  return offset;
}

std::string to_zip_local_header(const ZipRecord& record) {
  std::string extra = local_zip64_extra(record);
  const int64_t padding = record.data_offset - record.local_offset - kLocalBytes -
                          static_cast<int64_t>(record.name.size() + extra.size());
  const bool wide = !extra.empty();
  if (padding > 0) {
    extra += u16(kPaddingExtra) + u16(padding - 4) +
             std::string(static_cast<size_t>(padding - 4), '\0');
  }
  return "PK\3\4" + shared_fields(record, wide) + u16(static_cast<int64_t>(record.name.size())) +
         u16(static_cast<int64_t>(extra.size())) + record.name + extra;
}

std::string to_zip_directory(std::span<const ZipRecord> records, int64_t offset) {
  std::string directory;
  for (const ZipRecord& record : records) directory += to_central(record);
  const auto count = static_cast<int64_t>(records.size());
  const auto bytes = static_cast<int64_t>(directory.size());
  if (count >= kIn64 || bytes >= kIn64Wide || offset >= kIn64Wide) {
    directory += to_zip64_end(count, bytes, offset);
  }
  return directory + "PK\5\6" + u32(0) + u16_or_64(count) + u16_or_64(count) + u32_or_64(bytes) +
         u32_or_64(offset) + u16(0);
}

}  // namespace ferrum
