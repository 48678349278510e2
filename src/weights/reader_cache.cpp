#include "weights/reader_cache.h"

#include <algorithm>
#include <array>

#include "ferrum/types/error.h"
#include "weights/foreign_content.h"

namespace ferrum {
namespace {

constexpr size_t kMaxReaders = 256;  // more than the shards of the largest models

const FormatPart& choose_format(const FormatCatalog& formats, const WeightSource& source,
                                const ByteSource& bytes) {
  if (source.format) return formats.get(*source.format);
  for (const auto& entry : formats.entries()) {
    if (entry.part.matches(bytes)) return entry.part;
  }
  std::string known;
  for (const auto& entry : formats.entries()) {
    for (const std::string& extension : entry.part.extensions) {
      if (bytes.name().ends_with(extension)) return entry.part;
    }
    known += (known.empty() ? "known: " : ", ") + entry.name;
  }
  throw Error(ErrorCode::kInvalidFormat, bytes.name() + " is in no known weight format", known);
}

std::optional<ForeignContent> recognise(const ByteSource& bytes) {
  std::array<std::byte, kForeignPrefixBytes> buffer;
  const auto size = static_cast<size_t>(std::min<int64_t>(bytes.size(), buffer.size()));
  const std::span<std::byte> prefix(buffer.data(), size);
  bytes.read(0, prefix);
  return recognise_foreign(prefix);
}

}  // namespace

std::unique_ptr<ByteSource> ReaderCache::open_bytes(const WeightSource& source) const {
  return catalogs_.sources.get(source.kind).open(source);
}

std::shared_ptr<const WeightReader> ReaderCache::open_reader(const WeightSource& source) const {
  const std::shared_ptr<const ByteSource> bytes = open_bytes(source);
  try {
    return choose_format(catalogs_.formats, source, *bytes).open(bytes);
  } catch (const Error& error) {
    const auto foreign = recognise(*bytes);
    if (error.code() != ErrorCode::kInvalidFormat || !foreign) throw;
    throw Error(error.code(), bytes->name() + " is " + foreign->what, foreign->remedy);
  }
}

std::shared_ptr<const WeightReader> ReaderCache::open(const WeightSource& source) {
  const std::string stamp = source.kind + " " + catalogs_.sources.get(source.kind).stamp(source) +
                            " " + source.format.value_or("");
  {
    const std::lock_guard lock(mutex_);
    for (auto it = readers_.begin(); it != readers_.end(); ++it) {
      if (it->first != stamp) continue;
      readers_.splice(readers_.begin(), readers_, it);
      return readers_.front().second;
    }
  }
  auto reader = open_reader(source);
  const std::lock_guard lock(mutex_);
  readers_.emplace_front(stamp, reader);
  if (readers_.size() > kMaxReaders) readers_.pop_back();
  return reader;
}

}  // namespace ferrum
