#pragma once
// A ZIP archive over ranges of bytes: .npz files, PyTorch checkpoints.
// https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
//
// Opening reads the end of the file and the central directory alone; the directory rules, and the
// local header of an entry must agree with it before its bytes are used. Refused, as others may
// read them otherwise: encrypted entries and patches, names that occur twice or lead out of a
// folder, overlapping entries, archives in parts, bytes before the first entry or after the end.
// Thread-safe.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ferrum/types/function_ref.h"
#include "ferrum/weights/byte_source.h"

namespace ferrum {

class ZipArchive {
 public:
  // Throws kInvalidFormat; kUnsupported for what is encrypted or comes in several parts.
  explicit ZipArchive(std::shared_ptr<const ByteSource> source);

  static constexpr uint16_t kStored = 0, kDeflated = 8;

  struct Entry {
    std::string name;  // relative, UTF-8; of a folder it ends in '/'
    int64_t compressed_bytes = 0;
    int64_t bytes = 0;
    uint32_t crc32 = 0;
    uint16_t method = 0;  // kStored, kDeflated, or another that cannot be read
    uint16_t flags = 0;
    int64_t local_offset = 0;  // of its local header
  };
  const std::shared_ptr<const ByteSource>& source() const { return source_; }
  const std::vector<Entry>& entries() const { return entries_; }  // in the directory's order
  const Entry* find(std::string_view name) const;                 // null where there is none

  // Where the (compressed) bytes of an entry begin; they end before the next entry. Checks the
  // local header, in one read of the source or two. Throws kInvalidFormat.
  int64_t data_offset(const Entry& entry) const;

  // Throws kUnsupported for an entry of another method than kStored and kDeflated.
  void check_method(const Entry& entry) const;

  // Hands bytes [begin, end) of the entry to `sink`, in chunks as ByteSource::stream does. What
  // comes before `begin` in a deflated entry is inflated too. Throws kInvalidFormat for bytes that
  // do not inflate to the declared size and, once the whole entry was read, have another CRC-32;
  // as check_method; kInvalidArgument for a range outside the entry.
  void stream(const Entry& entry, int64_t begin, int64_t end,
              FunctionRef<void(std::span<const std::byte>)> sink) const;

  std::string describe(const Entry& entry) const;  // for messages

  // The whole entry, checked. Throws as stream, and kInvalidFormat beyond `max_bytes`.
  std::string read(const Entry& entry, int64_t max_bytes) const;

 private:
  void stream_stored(const Entry& entry, int64_t begin, int64_t end,
                     FunctionRef<void(std::span<const std::byte>)> sink) const;
  [[noreturn]] void refuse(const Entry& entry, const std::string& why) const;

  std::shared_ptr<const ByteSource> source_;
  std::vector<Entry> entries_;
  std::vector<size_t> by_name_;  // indices of entries_
  std::vector<int64_t> starts_;  // of local headers and then of the directory, ascending
};

// Where the content of an entry lies as it is: in the bytes of the archive, or inflated on the way
// out of them. Its CRC-32 is checked when deflated content is streamed to its end, never where
// stored content is used in place.
struct ZipContent {
  std::shared_ptr<const ByteSource> bytes;
  int64_t offset = 0;
};
// `entry` is one of the archive's. Throws as ZipArchive::stream.
ZipContent find_zip_content(std::shared_ptr<const ZipArchive> archive,
                            const ZipArchive::Entry& entry);

// Whether the first bytes are those of an archive.
bool looks_like_zip(const ByteSource& source);

// What the file's first local header calls its entry, unchecked: enough to tell what an archive may
// be of without its directory. Empty where the file does not begin with one.
std::string first_zip_name(const ByteSource& source);

}  // namespace ferrum
