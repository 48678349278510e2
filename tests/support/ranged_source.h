#pragma once
// Sources of which only ranges of bytes can be had, as of a remote one, and what was asked of them.

#include <atomic>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <string>

#include "ferrum/weights/source_part.h"

namespace ferrum::test {

// What the medium sees.
struct RangedMedium {
  std::string bytes;
  std::string stamp = "1";
  std::function<void(int64_t offset, int64_t bytes)> on_read = [](int64_t, int64_t) {};
  std::atomic<int64_t> bytes_read{0};
  std::atomic<int> reads{0};
  std::atomic<int> opened{0};
};

class RangedSource : public ByteSource {
 public:
  RangedSource(std::string name, std::shared_ptr<RangedMedium> medium)
      : name_(std::move(name)), medium_(std::move(medium)) {
    ++medium_->opened;
  }
  const std::string& name() const override { return name_; }
  int64_t size() const override { return static_cast<int64_t>(medium_->bytes.size()); }
  void read(int64_t offset, std::span<std::byte> destination) const override {
    const auto bytes = static_cast<int64_t>(destination.size());
    check_range(offset, bytes);
    ++medium_->reads;
    medium_->bytes_read += bytes;
    medium_->on_read(offset, bytes);
    std::memcpy(destination.data(), medium_->bytes.data() + offset, destination.size());
  }
  void prefetch(int64_t offset, int64_t bytes) const override {
    std::string buffer(static_cast<size_t>(bytes), '\0');
    read(offset, std::as_writable_bytes(std::span(buffer)));
  }

 private:
  std::string name_;
  std::shared_ptr<RangedMedium> medium_;
};

// The same for one that is not registered.
class RangedBytes : public RangedSource {
 public:
  RangedBytes(std::string name, std::string bytes)
      : RangedBytes(std::move(name), std::make_shared<RangedMedium>(), std::move(bytes)) {}
  int reads() const { return medium_->reads; }
  int64_t bytes_read() const { return medium_->bytes_read; }

 private:
  RangedBytes(std::string name, std::shared_ptr<RangedMedium> medium, std::string bytes)
      : RangedSource(std::move(name), medium), medium_(std::move(medium)) {
    medium_->bytes = std::move(bytes);
  }
  std::shared_ptr<RangedMedium> medium_;
};

inline std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Kind "ranged": one medium under the name of `file`.
inline void add_ranged_medium(SourceCatalog& catalog, std::string file,
                              std::shared_ptr<RangedMedium> medium) {
  catalog.add("ranged", {.description = "counts its reads",
                         .open = [=](const WeightSource&, const WeightLoaderConfig&) {
                           return std::make_unique<RangedSource>(file, medium);
                         },
                         .stamp = [=](const WeightSource&, const WeightLoaderConfig&) {
                           return medium->stamp;
                         }});
}

// Kind "ranged": files by their path, as of kind "file".
inline void add_ranged_files(SourceCatalog& catalog) {
  catalog.add("ranged",
              {.description = "files in ranges",
               .open = [](const WeightSource& source, const WeightLoaderConfig&) {
                 const std::string path = source.location["path"];
                 auto medium = std::make_shared<RangedMedium>();
                 medium->bytes = read_file(path);
                 return std::make_unique<RangedSource>(path, std::move(medium));
               },
               .stamp = [](const WeightSource& source, const WeightLoaderConfig&) {
                 return source.location.dump();
               },
               .sibling = [](const WeightSource& source, std::string_view name) {
                 const std::string path = source.location["path"];
                 WeightSource sibling = WeightSource::file(
                     path.substr(0, path.rfind('/') + 1) + std::string(name));
                 sibling.kind = "ranged";
                 return sibling;
               }});
}

inline WeightSource ranged_file(std::string path) {
  WeightSource source = WeightSource::file(std::move(path));
  source.kind = "ranged";
  return source;
}

}  // namespace ferrum::test
