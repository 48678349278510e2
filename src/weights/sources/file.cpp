// A file on this machine, mapped read-only.

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "ferrum/types/error.h"
#include "ferrum/types/json.h"
#include "ferrum/weights/byte_source.h"
#include "weights/open_file.h"

namespace ferrum {
namespace {

class MappedStorage : public Storage {
 public:
  // Takes over a mapping (null for an empty file).
  MappedStorage(void* address, int64_t size) : Storage(address, size, Device::cpu(), false) {}
  ~MappedStorage() override {
    if (size() > 0) munmap(data(), static_cast<size_t>(size()));
  }
};

// MAP_PRIVATE, though nothing is ever written: read-only private pages are the page cache's own and
// cost the same, and file systems that refuse shared maps (FUSE with direct I/O) grant private
// ones.
std::shared_ptr<Storage> map_file(const std::string& path) {
  const OpenFile file(path);
  if (file.size() == 0) return std::make_shared<MappedStorage>(nullptr, 0);
  void* address = mmap(nullptr, static_cast<size_t>(file.size()), PROT_READ, MAP_PRIVATE,
                       file.descriptor(), 0);
  if (address == MAP_FAILED) {
    const int error = errno;
    throw Error(ErrorCode::kIo,
                "cannot map " + path + " (" + std::to_string(file.size()) +
                    " bytes): " + std::strerror(error),
                error == ENOMEM ? "raise the address space limit (ulimit -v)" : "");
  }
  return std::make_shared<MappedStorage>(address, file.size());
}

class FileByteSource : public ByteSource {
 public:
  explicit FileByteSource(const std::string& path) : name_(path), storage_(map_file(path)) {}

  const std::string& name() const override { return name_; }
  int64_t size() const override { return storage_->size(); }
  std::shared_ptr<Storage> storage() const override { return storage_; }

  void read(int64_t offset, std::span<std::byte> destination) const override {
    check_range(offset, static_cast<int64_t>(destination.size()));
    if (!destination.empty()) {
      std::memcpy(destination.data(), address(offset), destination.size());
    }
  }

  void prefetch(int64_t offset, int64_t bytes) const override {
    check_range(offset, bytes);
    if (bytes == 0) return;
    // The hint starts the read of the whole range at once; touching its pages waits for it.
    const auto page = static_cast<int64_t>(sysconf(_SC_PAGESIZE));
    const int64_t begin = offset / page * page;
    madvise(address(begin), static_cast<size_t>(offset + bytes - begin), MADV_WILLNEED);
    for (int64_t at = begin; at < offset + bytes; at += page) {
      static_cast<void>(*static_cast<const volatile std::byte*>(address(at)));
    }
  }

 private:
  std::byte* address(int64_t offset) const {
    return static_cast<std::byte*>(storage_->data()) + offset;
  }

  std::string name_;
  std::shared_ptr<Storage> storage_;
};

std::string path_of(const WeightSource& source) {
  std::string path;
  JsonReader reader(source.location, "file source");
  reader.require("path", path);
  reader.finish();
  return path;
}

}  // namespace

void register_file(SourceCatalog& catalog) {
  catalog.add("file", {"a file on this machine, memory-mapped",
                       [](const WeightSource& source) -> std::unique_ptr<ByteSource> {
                         return std::make_unique<FileByteSource>(path_of(source));
                       },
                       [](const WeightSource& source) { return stamp_of_file(path_of(source)); }});
}

}  // namespace ferrum
