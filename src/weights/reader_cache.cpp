#include "weights/reader_cache.h"

#include <algorithm>
#include <array>
#include <utility>

#include "ferrum/types/error.h"
#include "weights/foreign_content.h"
#include "weights/strict_sax.h"
#include "weights/weight_index.h"

namespace ferrum {
namespace {

constexpr size_t kMaxReaders = 256;  // more than the shards of the largest models

// The format that the source names, else the one that its content has; null where none does.
const FormatPart* find_format(const FormatCatalog& formats, const WeightSource& source,
                              const ByteSource& bytes) {
  if (source.format) return &formats.get(*source.format);
  for (const auto& entry : formats.entries()) {
    if (entry.part.matches(bytes)) return &entry.part;
  }
  return nullptr;
}

// For bytes of no known format. The one that their name promises says what is wrong with them.
[[noreturn]] void refuse_unknown(const FormatCatalog& formats, const WeightFile& file) {
  const std::string& name = file.bytes->name();
  std::string known;
  for (const auto& entry : formats.entries()) {
    for (const std::string& extension : entry.part.extensions) {
      if (name.ends_with(extension)) entry.part.open(file);
    }
    known += (known.empty() ? "known: " : ", ") + entry.name;
  }
  throw Error(ErrorCode::kInvalidFormat, name + " is in no known weight format", known);
}

std::optional<ForeignContent> recognise(const ByteSource& bytes) {
  std::array<std::byte, kForeignPrefixBytes> buffer;
  const auto size = static_cast<size_t>(std::min<int64_t>(bytes.size(), buffer.size()));
  const std::span<std::byte> prefix(buffer.data(), size);
  bytes.read(0, prefix);
  return recognise_foreign(prefix);
}

WeightSource sibling_of(const WeightCatalogs& catalogs, const WeightSource& source,
                        std::string_view name) {
  if (!is_model_file_name(name)) {
    throw Error(ErrorCode::kInvalidFormat, source.to_string() + " refers to " + quote_json(name) +
                                               ", which is not a file of its folder");
  }
  const SourcePart& part = catalogs.sources.get(source.kind);
  if (!part.sibling) {
    throw Error(ErrorCode::kNotFound, source.to_string() + " refers to the file " +
                                          quote_json(name) + ", and nothing lies beside it");
  }
  return part.sibling(source, name);
}

// The location too: files of equal bytes, such as links to one, may have other files beside them.
// Not as JSON's text: a path need not be UTF-8.
std::string text_of(const WeightSource& source) {
  std::string text;
  Json::to_msgpack(Json::array({source.kind, source.location, source.format.value_or(""),
                                source.format_options}),
                   text);
  return text;
}

}  // namespace

// What a reader opened beside its own file, now or later, and the stamps that it had then.
class ReaderCache::Siblings {
 public:
  struct Opened {
    WeightSource source;
    std::string stamp;
  };
  void add(Opened sibling) {
    const std::lock_guard lock(mutex_);
    opened_.push_back(std::move(sibling));
  }
  std::vector<Opened> opened() const {
    const std::lock_guard lock(mutex_);
    return opened_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Opened> opened_;
};

std::unique_ptr<ByteSource> ReaderCache::open_bytes(const WeightSource& source) const {
  return catalogs_.sources.get(source.kind).open(source, config_);
}

WeightFile ReaderCache::open_file(const WeightSource& source) const {
  return {open_bytes(source), source.format_options,
          [this, source](std::string_view name) {
            return open_bytes(sibling_of(catalogs_, source, name));
          }};
}

std::vector<WeightSource> ReaderCache::further_files_of(const WeightSource& source) const {
  const WeightFile file = open_file(source);
  const FormatPart* format = find_format(catalogs_.formats, source, *file.bytes);
  std::vector<WeightSource> files;
  if (!format || !format->further_parts) return files;
  for (const std::string& name : format->further_parts(file)) {
    files.push_back(sibling_of(catalogs_, source, name));
  }
  return files;
}

std::string ReaderCache::stamp_of(const WeightSource& source) const {
  return catalogs_.sources.get(source.kind).stamp(source, config_);
}

std::shared_ptr<const WeightReader> ReaderCache::open_reader(const WeightSource& source,
                                                             const WeightFile& file) const {
  const FormatPart* const format = find_format(catalogs_.formats, source, *file.bytes);
  try {
    if (!format) refuse_unknown(catalogs_.formats, file);
    return format->open(file);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kInvalidFormat || (format && format->matches(*file.bytes))) {
      throw;
    }
    const auto foreign = recognise(*file.bytes);
    if (!foreign) throw;
    throw Error(error.code(), file.bytes->name() + " is " + foreign->what, foreign->remedy);
  }
}

bool ReaderCache::are_unchanged(const Siblings& siblings) const try {
  const auto opened = siblings.opened();
  return std::all_of(opened.begin(), opened.end(), [&](const Siblings::Opened& sibling) {
    return stamp_of(sibling.source) == sibling.stamp;
  });
} catch (const Error&) {
  return false;  // opening it anew tells what is wrong
}

std::shared_ptr<const WeightReader> ReaderCache::find(const std::string& source,
                                                      const std::string& stamp) {
  Known known;
  {
    const std::lock_guard lock(mutex_);
    const auto it = std::find_if(readers_.begin(), readers_.end(), [&](const Known& each) {
      return each.source == source && each.stamp == stamp;
    });
    if (it == readers_.end()) return nullptr;
    readers_.splice(readers_.begin(), readers_, it);
    known = readers_.front();
  }
  if (are_unchanged(*known.siblings)) return known.reader;
  const std::lock_guard lock(mutex_);
  readers_.remove_if([&](const Known& each) { return each.reader == known.reader; });
  return nullptr;
}

bool ReaderCache::is_known_to_be_whole(const WeightSource& source) {
  const std::string text = text_of(source);
  const std::lock_guard lock(mutex_);
  const auto it = std::find_if(readers_.begin(), readers_.end(),
                               [&](const Known& each) { return each.source == text; });
  return it != readers_.end() &&
         !catalogs_.formats.get(it->reader->metadata().format).further_parts;
}

std::shared_ptr<const WeightReader> ReaderCache::open(const WeightSource& source) {
  const std::string text = text_of(source), stamp = stamp_of(source);
  if (auto reader = find(text, stamp)) return reader;
  WeightFile file = open_file(source);
  const auto siblings = std::make_shared<Siblings>();
  file.open_sibling = [this, source, siblings](std::string_view name) {
    const WeightSource sibling = sibling_of(catalogs_, source, name);
    siblings->add({sibling, stamp_of(sibling)});
    return open_bytes(sibling);
  };
  auto reader = open_reader(source, file);
  const std::lock_guard lock(mutex_);
  readers_.push_front({text, stamp, reader, siblings});
  if (readers_.size() > kMaxReaders) readers_.pop_back();
  return reader;
}

}  // namespace ferrum
