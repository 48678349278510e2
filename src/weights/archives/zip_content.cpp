// The content of a deflated entry as a source of bytes.

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>

#include "weights/archives/inflated_pass.h"
#include "weights/archives/zip_archive.h"

namespace ferrum {
namespace {

// A stream that begins where the last one ended, or after, goes on from there: walking through the
// content in pieces inflates it once.
class InflatedSource : public ByteSource {
 public:
  InflatedSource(std::shared_ptr<const ZipArchive> archive, const ZipArchive::Entry& entry)
      : archive_(std::move(archive)),
        entry_(entry),
        data_(archive_->data_offset(entry)),
        name_(archive_->describe(entry)) {}

  const std::string& name() const override { return name_; }
  int64_t size() const override { return entry_.bytes; }

  // Leaves no state behind: such as read once look at a header.
  void read(int64_t offset, std::span<std::byte> destination) const override {
    const auto bytes = static_cast<int64_t>(destination.size());
    check_range(offset, bytes);
    std::byte* out = destination.data();
    archive_->stream(entry_, offset, offset + bytes, [&](std::span<const std::byte> chunk) {
      out = std::copy(chunk.begin(), chunk.end(), out);
    });
  }

  void stream(int64_t offset, int64_t bytes,
              FunctionRef<void(std::span<const std::byte>)> sink) const override {
    check_range(offset, bytes);
    if (bytes == 0) return;
    auto pass = take_pass(offset);
    pass->stream(offset, offset + bytes, sink);
    if (pass->position() == entry_.bytes) return;
    const std::lock_guard lock(mutex_);
    idle_ = std::move(pass);
  }

  void prefetch(int64_t offset, int64_t bytes) const override {
    check_range(offset, bytes);
    archive_->source()->prefetch(data_, entry_.compressed_bytes);
  }

 private:
  std::unique_ptr<InflatedPass> take_pass(int64_t offset) const {
    {
      const std::lock_guard lock(mutex_);
      if (idle_ && idle_->position() <= offset) return std::move(idle_);
    }
    return std::make_unique<InflatedPass>(*archive_->source(), entry_, data_, name_);
  }

  std::shared_ptr<const ZipArchive> archive_;
  const ZipArchive::Entry& entry_;
  int64_t data_;
  std::string name_;
  mutable std::mutex mutex_;
  mutable std::unique_ptr<InflatedPass> idle_;
};

}  // namespace

ZipContent find_zip_content(std::shared_ptr<const ZipArchive> archive,
                            const ZipArchive::Entry& entry) {
  archive->check_method(entry);
  if (entry.method == ZipArchive::kStored) {
    return {archive->source(), archive->data_offset(entry)};
  }
  return {std::make_shared<InflatedSource>(std::move(archive), entry), 0};
}

}  // namespace ferrum
