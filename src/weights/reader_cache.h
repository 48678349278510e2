#pragma once
// Opens weight sources, and keeps the readers of unchanged ones: a header of many tensors is
// parsed once, however often the source is named.

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "ferrum/weights/weight_catalogs.h"

namespace ferrum {

// Thread-safe.
class ReaderCache {
 public:
  // Borrows both.
  ReaderCache(const WeightCatalogs& catalogs, const WeightLoaderConfig& config)
      : catalogs_(catalogs), config_(config) {}

  std::unique_ptr<ByteSource> open_bytes(const WeightSource& source) const;
  WeightFile open_file(const WeightSource& source) const;  // usable as long as this
  // The files beside its own in which a source goes on; none where its content is of no known
  // format. Throws as FormatPart::further_parts and SourcePart::sibling.
  std::vector<WeightSource> further_files_of(const WeightSource& source) const;
  // Whether a reader of the source is kept, of a format whose files never go on in others. Asks
  // nobody.
  bool is_known_to_be_whole(const WeightSource& source);
  // Throws kInvalidFormat for bytes of no known format, saying what they are where that is known.
  std::shared_ptr<const WeightReader> open(const WeightSource& source);

 private:
  class Siblings;
  struct Known {
    std::string source;
    std::string stamp;
    std::shared_ptr<const WeightReader> reader;
    std::shared_ptr<const Siblings> siblings;  // the files that it opened beside its own
  };

  std::shared_ptr<const WeightReader> find(const std::string& source, const std::string& stamp);
  std::string stamp_of(const WeightSource& source) const;
  bool are_unchanged(const Siblings& siblings) const;
  std::shared_ptr<const WeightReader> open_reader(const WeightSource& source,
                                                  const WeightFile& file) const;

  const WeightCatalogs& catalogs_;
  const WeightLoaderConfig& config_;
  std::mutex mutex_;
  std::list<Known> readers_;  // the last used first
};

}  // namespace ferrum
