#include "weights/archives/zip_directory.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "ferrum/text/utf8.h"
#include "ferrum/types/error.h"
#include "weights/archives/record_cursor.h"

namespace ferrum {
namespace {

constexpr std::string_view kEndMagic("PK\5\6", 4), kZip64EndMagic("PK\6\6", 4),
    kZip64LocatorMagic("PK\6\7", 4), kCentralMagic("PK\1\2", 4), kLocalMagic("PK\3\4", 4);
constexpr int64_t kEndBytes = 22, kZip64LocatorBytes = 20, kZip64EndBytes = 56,
                  kCentralBytes = 46, kLocalBytes = 30;
constexpr size_t kLocalNameLength = 26;  // where a local header has it
constexpr int64_t kUsualNameBytes = 128;
constexpr int64_t kMaxCommentBytes = 0xffff;
// Extra fields of local headers are padding and, in archives that may grow, both sizes.
constexpr int64_t kUsualExtraBytes = 256;
constexpr uint16_t kZip64Extra = 1;
constexpr uint16_t kIn64 = 0xffff;  // the value stands in the ZIP64 record
constexpr uint32_t kIn64Wide = 0xffffffff;
constexpr uint16_t kEncrypted = 0x1, kSizesFollow = 0x8, kPatched = 0x20,
                   kStronglyEncrypted = 0x40, kMasked = 0x2000;
constexpr int64_t kMaxDeflateRatio = 1032;  // 258 bytes for two bits

// Nothing that would garble a message.
bool is_text(std::string_view name) {
  return !name.empty() && !find_invalid_utf8(name) &&
         std::none_of(name.begin(), name.end(), [](char c) { return (c & 0xe0) == 0 || c == 127; });
}

bool leads_outside(std::string_view name) {
  if (name.starts_with('/') || name.find('\\') != name.npos) return true;
  while (true) {
    const size_t slash = name.find('/');
    if (name.substr(0, slash) == "..") return true;
    if (slash == name.npos) return false;
    name.remove_prefix(slash + 1);
  }
}

std::string read_text(const ByteSource& source, int64_t offset, int64_t bytes) {
  std::string text(static_cast<size_t>(bytes), '\0');
  source.read(offset, std::as_writable_bytes(std::span(text)));
  return text;
}

// Sizes that say "see the ZIP64 field", in the order in which that field has them.
void read_zip64_sizes(std::string_view extra, const std::string& what,
                      std::initializer_list<int64_t*> sizes) {
  const bool wanted = std::any_of(sizes.begin(), sizes.end(),
                                  [](const int64_t* size) { return *size == kIn64Wide; });
  bool found = false;
  RecordCursor fields(extra, what);
  while (fields.left() >= 4) {
    const uint16_t id = fields.u16(), bytes = fields.u16();
    const std::string_view field = fields.text(bytes);
    if (id != kZip64Extra) continue;
    if (found) throw Error(ErrorCode::kInvalidFormat, what + " has two ZIP64 fields");
    found = true;
    RecordCursor values(field, what);
    for (int64_t* size : sizes) {
      if (*size == kIn64Wide) *size = values.i64();
    }
  }
  if (wanted && !found) throw Error(ErrorCode::kInvalidFormat, what + " lacks its ZIP64 field");
}

class DirectoryReader {
 public:
  explicit DirectoryReader(const ByteSource& source) : source_(source) {}

  ZipDirectory read() {
    read_tail();
    find_end();
    use_zip64_end();
    check_end();
    ZipDirectory directory;
    directory.offset = offset_;
    directory.entries.reserve(static_cast<size_t>(count_));
    const std::string bytes = read_near(offset_, bytes_);
    const std::string what = source_.name() + ": its ZIP directory";
    RecordCursor cursor(bytes, what);
    for (int64_t i = 0; i < count_; ++i) directory.entries.push_back(read_entry(cursor, what));
    if (cursor.left() > 0) refuse("its directory has more than the entries counted");
    return directory;
  }

 private:
  [[noreturn]] void refuse(const std::string& why,
                           ErrorCode code = ErrorCode::kInvalidFormat) const {
    throw Error(code, source_.name() + " is not a usable ZIP archive: " + why,
                code == ErrorCode::kInvalidFormat ? "get it again; it may be truncated" : "");
  }

  // The end record with the longest comment, and what may stand before it.
  void read_tail() {
    const int64_t bytes = std::min(
        source_.size(), kMaxCommentBytes + kEndBytes + kZip64LocatorBytes + kZip64EndBytes);
    tail_begin_ = source_.size() - bytes;
    tail_ = read_text(source_, tail_begin_, bytes);
  }

  std::string read_near(int64_t offset, int64_t bytes) const {
    if (offset < tail_begin_) return read_text(source_, offset, bytes);
    return tail_.substr(static_cast<size_t>(offset - tail_begin_), static_cast<size_t>(bytes));
  }

  // The last record whose place leaves room for it is the one; its comment ends with the file.
  void find_end() {
    const size_t at = tail_.size() < kEndBytes ? tail_.npos
                                               : tail_.rfind(kEndMagic, tail_.size() - kEndBytes);
    if (at == tail_.npos) refuse("it has no end record");
    end_ = tail_begin_ + static_cast<int64_t>(at);
    const std::string what = source_.name() + ": its end record";
    RecordCursor fields(std::string_view(tail_).substr(at), what);
    fields.skip(kEndMagic.size());
    disk_ = fields.u16();
    directory_disk_ = fields.u16();
    count_here_ = fields.u16();
    count_ = fields.u16();
    bytes_ = fields.u32();
    offset_ = fields.u32();
    const size_t comment = fields.u16();
    if (comment != fields.left()) {
      refuse("its end record is followed by " + std::to_string(fields.left()) +
             " bytes, it declares " + std::to_string(comment));
    }
  }

  // Where there is one, both records must tell the same.
  void use_zip64_end() {
    const int64_t locator = end_ - kZip64LocatorBytes;
    if (locator < 0) return;
    const std::string place = read_near(locator, kZip64LocatorBytes);
    if (!place.starts_with(kZip64LocatorMagic)) return;
    const std::string what = source_.name() + ": its ZIP64 end record";
    RecordCursor where(place, what);
    where.skip(kZip64LocatorMagic.size());
    const uint32_t disk = where.u32();
    const int64_t offset = where.i64();
    if (disk != 0 || where.u32() > 1) in_parts();
    if (offset > locator - kZip64EndBytes) refuse("its ZIP64 end record is not where it should be");
    const std::string record = read_near(offset, kZip64EndBytes);
    RecordCursor fields(record, what);
    if (fields.text(kZip64EndMagic.size()) != kZip64EndMagic ||
        fields.i64() != locator - offset - 12) {
      refuse("its ZIP64 end record is not where it should be");
    }
    fields.skip(4);  // versions
    const auto agree = [&](int64_t short_form, int64_t sentinel, int64_t value) {
      if (short_form != sentinel && short_form != value) refuse("its two end records differ");
      return value;
    };
    disk_ = agree(disk_, kIn64, fields.u32());
    directory_disk_ = agree(directory_disk_, kIn64, fields.u32());
    count_here_ = agree(count_here_, kIn64, fields.i64());
    count_ = agree(count_, kIn64, fields.i64());
    bytes_ = agree(bytes_, kIn64Wide, fields.i64());
    offset_ = agree(offset_, kIn64Wide, fields.i64());
    end_ = offset;
  }

  [[noreturn]] void in_parts() const {
    refuse("it is one of several parts", ErrorCode::kUnsupported);
  }

  void check_end() const {
    if (disk_ != 0 || directory_disk_ != 0 || count_here_ != count_) in_parts();
    if (count_ > kMaxZipEntries || bytes_ > kMaxZipDirectoryBytes) {
      refuse("its directory has " + std::to_string(count_) + " entries in " +
             std::to_string(bytes_) + " bytes, at most " + std::to_string(kMaxZipEntries) +
             " in " + std::to_string(kMaxZipDirectoryBytes) + " are allowed");
    }
    if (bytes_ > end_ || offset_ != end_ - bytes_) {
      refuse("its directory of " + std::to_string(bytes_) + " bytes at " +
             std::to_string(offset_) + " does not end where the end record begins, at " +
             std::to_string(end_));
    }
    if (count_ > bytes_ / kCentralBytes) refuse("its directory is too short for its entries");
  }

  ZipArchive::Entry read_entry(RecordCursor& cursor, const std::string& what) const {
    if (cursor.text(kCentralMagic.size()) != kCentralMagic) {
      refuse("its directory has something else between two entries");
    }
    ZipArchive::Entry entry;
    cursor.skip(4);  // versions
    entry.flags = cursor.u16();
    entry.method = cursor.u16();
    cursor.skip(4);  // time
    entry.crc32 = cursor.u32();
    entry.compressed_bytes = cursor.u32();
    entry.bytes = cursor.u32();
    const size_t name = cursor.u16(), extra = cursor.u16(), comment = cursor.u16();
    const uint16_t disk = cursor.u16();
    cursor.skip(6);  // attributes
    entry.local_offset = cursor.u32();
    entry.name = cursor.text(name);
    const std::string_view fields = cursor.text(extra);
    cursor.skip(comment);
    check_name(entry.name);
    read_zip64_sizes(fields, what, {&entry.bytes, &entry.compressed_bytes, &entry.local_offset});
    if (disk != 0 && disk != kIn64) in_parts();
    check_entry(entry);
    return entry;
  }

  void check_name(const std::string& name) const {
    if (!is_text(name)) refuse("it has an entry whose name is no text");
    if (leads_outside(name)) refuse("its entry '" + name + "' leads out of the folder");
  }

  void check_entry(const ZipArchive::Entry& entry) const {
    const std::string its = "its entry '" + entry.name + "' ";
    if (entry.flags & (kEncrypted | kPatched | kStronglyEncrypted | kMasked)) {
      refuse(its + "is encrypted or a patch", ErrorCode::kUnsupported);
    }
    if (entry.method == ZipArchive::kStored && entry.bytes != entry.compressed_bytes) {
      refuse(its + "is stored, and yet of two sizes");
    }
    if (entry.method == ZipArchive::kDeflated &&
        entry.bytes / kMaxDeflateRatio > entry.compressed_bytes) {
      refuse(its + "claims " + std::to_string(entry.bytes) + " bytes, more than the " +
             std::to_string(entry.compressed_bytes) + " present can inflate to");
    }
    if (entry.name.ends_with('/') && entry.bytes != 0) refuse(its + "is a folder with content");
    if (entry.local_offset > offset_ || entry.compressed_bytes > offset_ ||
        zip_entry_end(entry) > offset_) {
      refuse(its + "reaches past the directory");
    }
  }

  const ByteSource& source_;
  std::string tail_;
  int64_t tail_begin_ = 0;
  int64_t end_ = 0;  // where the (ZIP64) end record begins
  int64_t disk_ = 0, directory_disk_ = 0, count_here_ = 0, count_ = 0, bytes_ = 0, offset_ = 0;
};

}  // namespace

bool is_zip_name(std::string_view name) { return is_text(name) && !leads_outside(name); }

ZipDirectory read_zip_directory(const ByteSource& source) { return DirectoryReader(source).read(); }

int64_t zip_entry_end(const ZipArchive::Entry& entry) {
  return entry.local_offset + kLocalBytes + static_cast<int64_t>(entry.name.size()) +
         entry.compressed_bytes;
}

int64_t find_zip_data(const ByteSource& source, const ZipArchive::Entry& entry, int64_t limit) {
  const std::string what = source.name() + ": the local header of '" + entry.name + "'";
  const auto refuse = [&](const char* why) {
    throw Error(ErrorCode::kInvalidFormat, what + " " + why);
  };
  const auto differs = [&] { refuse("is not as the directory says"); };
  const auto name_bytes = static_cast<int64_t>(entry.name.size());
  const int64_t room = limit - entry.local_offset;  // at least header and name: of the directory
  const std::string header = read_text(
      source, entry.local_offset, std::min(room, kLocalBytes + name_bytes + kUsualExtraBytes));
  RecordCursor fields(header, what);
  if (fields.text(kLocalMagic.size()) != kLocalMagic) differs();
  fields.skip(2);  // version
  if (fields.u16() != entry.flags || fields.u16() != entry.method) differs();
  fields.skip(4);  // time
  const int64_t crc32 = fields.u32();
  int64_t compressed_bytes = fields.u32(), bytes = fields.u32();
  const int64_t name_size = fields.u16(), extra_size = fields.u16();
  if (name_size != name_bytes || fields.text(entry.name.size()) != entry.name) differs();

  const int64_t extra_begin = kLocalBytes + name_size, data = extra_begin + extra_size;
  if (data > room - entry.compressed_bytes) refuse("lets its data run into what follows");
  const std::string extra = data <= static_cast<int64_t>(header.size())
                                ? std::string(fields.text(static_cast<size_t>(extra_size)))
                                : read_text(source, entry.local_offset + extra_begin, extra_size);
  read_zip64_sizes(extra, what, {&bytes, &compressed_bytes});
  // Written in one go, an archive tells sizes after the data, and in the directory.
  const auto agree = [&](int64_t value, int64_t expected) {
    if (value != expected && !(value == 0 && (entry.flags & kSizesFollow))) differs();
  };
  agree(crc32, entry.crc32);
  agree(compressed_bytes, entry.compressed_bytes);
  agree(bytes, entry.bytes);
  return entry.local_offset + data;
}

std::string first_zip_name(const ByteSource& source) {
  if (source.size() < kLocalBytes) return "";
  const std::string start =
      read_text(source, 0, std::min(source.size(), kLocalBytes + kUsualNameBytes));
  const std::string what = source.name() + ": its first local header";
  RecordCursor fields(start, what);
  if (fields.text(kLocalMagic.size()) != kLocalMagic) return "";
  fields.skip(kLocalNameLength - kLocalMagic.size());
  const int64_t bytes = std::min<int64_t>(fields.u16(), source.size() - kLocalBytes);
  return bytes <= kUsualNameBytes ? start.substr(kLocalBytes, static_cast<size_t>(bytes))
                                  : read_text(source, kLocalBytes, bytes);
}

}  // namespace ferrum
