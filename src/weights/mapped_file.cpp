#include "weights/mapped_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "ferrum/types/error.h"
#include "weights/open_file.h"

namespace ferrum {
namespace {

class MappedStorage : public Storage {
 public:
  // Takes over a mapping (null for an empty file).
  MappedStorage(void* address, int64_t size, std::shared_ptr<const void> keep)
      : Storage(address, size, Device::cpu(), false), keep_(std::move(keep)) {}
  ~MappedStorage() override {
    if (size() > 0) munmap(data(), static_cast<size_t>(size()));
  }

 private:
  std::shared_ptr<const void> keep_;
};

// MAP_PRIVATE, though nothing is ever written: read-only private pages are the page cache's own and
// cost the same, and file systems that refuse shared maps (FUSE with direct I/O) grant private
// ones.
std::shared_ptr<Storage> map_file(const std::string& path, std::shared_ptr<const void> keep) {
  const OpenFile file(path);
  if (file.size() == 0) return std::make_shared<MappedStorage>(nullptr, 0, std::move(keep));
  void* address =
      mmap(nullptr, static_cast<size_t>(file.size()), PROT_READ, MAP_PRIVATE, file.descriptor(), 0);
  if (address == MAP_FAILED) {
    const int error = errno;
    throw Error(ErrorCode::kIo,
                "cannot map " + path + " (" + std::to_string(file.size()) +
                    " bytes): " + std::strerror(error),
                error == ENOMEM ? "raise the address space limit (ulimit -v)" : "");
  }
  return std::make_shared<MappedStorage>(address, file.size(), std::move(keep));
}

const int64_t kPage = sysconf(_SC_PAGESIZE);

class FileByteSource : public ByteSource {
 public:
  FileByteSource(const std::string& path, std::string name, std::shared_ptr<const void> keep)
      : name_(std::move(name)), storage_(map_file(path, std::move(keep))) {}

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
    expect(offset, bytes);  // of the whole range at once; touching its pages waits for them
    for (int64_t at = offset / kPage * kPage; at < offset + bytes; at += kPage) {
      static_cast<void>(*static_cast<const volatile std::byte*>(address(at)));
    }
  }

  void expect(int64_t offset, int64_t bytes) const override {
    check_range(offset, bytes);
    if (bytes == 0) return;
    const int64_t begin = offset / kPage * kPage;
    madvise(address(begin), static_cast<size_t>(offset + bytes - begin), MADV_WILLNEED);
  }

  // The page cache keeps what this process lets go.
  void release(int64_t offset, int64_t bytes) const override {
    check_range(offset, bytes);
    const int64_t begin = (offset + kPage - 1) / kPage * kPage;
    const int64_t end = (offset + bytes) / kPage * kPage;
    if (begin < end) madvise(address(begin), static_cast<size_t>(end - begin), MADV_DONTNEED);
  }

 private:
  std::byte* address(int64_t offset) const {
    return static_cast<std::byte*>(storage_->data()) + offset;
  }

  std::string name_;
  std::shared_ptr<Storage> storage_;
};

}  // namespace

std::unique_ptr<ByteSource> open_mapped_file(const std::string& path) {
  return open_mapped_file(path, path, nullptr);
}

std::unique_ptr<ByteSource> open_mapped_file(const std::string& path, std::string name,
                                             std::shared_ptr<const void> keep) {
  return std::make_unique<FileByteSource>(path, std::move(name), std::move(keep));
}

}  // namespace ferrum
