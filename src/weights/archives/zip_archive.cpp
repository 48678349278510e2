#include "weights/archives/zip_archive.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "ferrum/types/error.h"
#include "weights/archives/inflated_pass.h"
#include "weights/archives/zip_directory.h"

namespace ferrum {
namespace {

// Indices of the entries by their names. Throws kInvalidFormat for a name that occurs twice.
std::vector<size_t> order_by_name(const std::vector<ZipArchive::Entry>& entries,
                                  const std::string& archive) {
  std::vector<size_t> order(entries.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return entries[a].name < entries[b].name; });
  const auto twin = std::adjacent_find(order.begin(), order.end(), [&](size_t a, size_t b) {
    return entries[a].name == entries[b].name;
  });
  if (twin == order.end()) return order;
  throw Error(ErrorCode::kInvalidFormat,
              archive + " is a ZIP archive with two entries '" + entries[*twin].name + "'");
}

// Indices of the entries as they lie. Throws kInvalidFormat where two share bytes.
std::vector<size_t> order_by_place(const std::vector<ZipArchive::Entry>& entries,
                                   const std::string& archive) {
  std::vector<size_t> order(entries.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return entries[a].local_offset < entries[b].local_offset;
  });
  const auto overlap = std::adjacent_find(order.begin(), order.end(), [&](size_t a, size_t b) {
    return zip_entry_end(entries[a]) > entries[b].local_offset;
  });
  if (overlap == order.end()) return order;
  throw Error(ErrorCode::kInvalidFormat, archive + " is a ZIP archive whose entries '" +
                                             entries[*overlap].name + "' and '" +
                                             entries[*(overlap + 1)].name + "' overlap");
}

}  // namespace

ZipArchive::ZipArchive(std::shared_ptr<const ByteSource> source) : source_(std::move(source)) {
  ZipDirectory directory = read_zip_directory(*source_);
  entries_ = std::move(directory.entries);
  by_name_ = order_by_name(entries_, source_->name());
  for (const size_t i : order_by_place(entries_, source_->name())) {
    starts_.push_back(entries_[i].local_offset);
  }
  starts_.push_back(directory.offset);
  if (starts_.front() != 0) {
    throw Error(ErrorCode::kInvalidFormat,
                source_->name() + " is a ZIP archive behind " + std::to_string(starts_.front()) +
                    " bytes of something else",
                "cut them off, or write the archive anew");
  }
}

const ZipArchive::Entry* ZipArchive::find(std::string_view name) const {
  const auto it = std::lower_bound(
      by_name_.begin(), by_name_.end(), name,
      [&](size_t index, std::string_view wanted) { return entries_[index].name < wanted; });
  return it == by_name_.end() || entries_[*it].name != name ? nullptr : &entries_[*it];
}

void ZipArchive::refuse(const Entry& entry, const std::string& why) const {
  throw Error(ErrorCode::kInvalidFormat, describe(entry) + " " + why,
              "get the file again; it is damaged");
}

std::string ZipArchive::describe(const Entry& entry) const {
  return source_->name() + ": its entry '" + entry.name + "'";
}

int64_t ZipArchive::data_offset(const Entry& entry) const {
  const auto limit = std::upper_bound(starts_.begin(), starts_.end(), entry.local_offset);
  return find_zip_data(*source_, entry, *limit);
}

void ZipArchive::check_method(const Entry& entry) const {
  if (entry.method == kStored || entry.method == kDeflated) return;
  throw Error(ErrorCode::kUnsupported,
              describe(entry) + " is compressed by method " + std::to_string(entry.method) +
                  "; stored and deflated entries can be read",
              "write the archive without that compression");
}

void ZipArchive::stream(const Entry& entry, int64_t begin, int64_t end,
                        FunctionRef<void(std::span<const std::byte>)> sink) const {
  if (begin < 0 || begin > end || end > entry.bytes) {
    throw Error(ErrorCode::kInvalidArgument,
                describe(entry) + " has " + std::to_string(entry.bytes) + " bytes, asked for " +
                    std::to_string(begin) + " to " + std::to_string(end));
  }
  check_method(entry);
  if (entry.method == kDeflated) {
    return InflatedPass(*source_, entry, data_offset(entry), describe(entry))
        .stream(begin, end, sink);
  }
  stream_stored(entry, begin, end, sink);
}

void ZipArchive::stream_stored(const Entry& entry, int64_t begin, int64_t end,
                               FunctionRef<void(std::span<const std::byte>)> sink) const {
  const int64_t data = data_offset(entry);
  const bool whole = begin == 0 && end == entry.bytes;
  uLong crc = 0;
  source_->stream(data + begin, end - begin, [&](std::span<const std::byte> chunk) {
    if (whole) {
      crc = crc32_z(crc, reinterpret_cast<const Bytef*>(chunk.data()), chunk.size());
    }
    sink(chunk);
  });
  if (whole && crc != entry.crc32) refuse(entry, "has another CRC-32 than the directory says");
}

std::string ZipArchive::read(const Entry& entry, int64_t max_bytes) const {
  if (entry.bytes > max_bytes) {
    refuse(entry, "has " + std::to_string(entry.bytes) + " bytes, at most " +
                      std::to_string(max_bytes) + " are expected");
  }
  std::string text;
  text.reserve(static_cast<size_t>(entry.bytes));
  stream(entry, 0, entry.bytes, [&](std::span<const std::byte> chunk) {
    text.append(reinterpret_cast<const char*>(chunk.data()), chunk.size());
  });
  return text;
}

bool looks_like_zip(const ByteSource& source) {
  std::array<char, 4> magic{};
  if (source.size() < static_cast<int64_t>(magic.size())) return false;
  source.read(0, std::as_writable_bytes(std::span(magic)));
  const std::string_view found(magic.data(), magic.size());
  return found == std::string_view("PK\3\4", 4) || found == std::string_view("PK\5\6", 4);
}

}  // namespace ferrum
