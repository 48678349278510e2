// Bytes that the caller already has in memory: a view of them, never a copy.

#include <cstdint>
#include <cstring>

#include "ferrum/types/error.h"
#include "ferrum/types/json.h"
#include "ferrum/weights/source_part.h"

namespace ferrum {
namespace {

class MemoryByteSource : public ByteSource {
 public:
  MemoryByteSource(std::string name, std::shared_ptr<Storage> bytes)
      : name_(std::move(name)), bytes_(std::move(bytes)) {}

  const std::string& name() const override { return name_; }
  int64_t size() const override { return bytes_->size(); }
  std::shared_ptr<Storage> storage() const override { return bytes_; }
  void prefetch(int64_t offset, int64_t bytes) const override { check_range(offset, bytes); }

  void read(int64_t offset, std::span<std::byte> destination) const override {
    check_range(offset, static_cast<int64_t>(destination.size()));
    if (destination.empty()) return;
    std::memcpy(destination.data(), static_cast<const std::byte*>(bytes_->data()) + offset,
                destination.size());
  }

 private:
  std::string name_;
  std::shared_ptr<Storage> bytes_;
};

std::string checked_name(const WeightSource& source) {
  std::string name;
  int64_t size = 0;
  JsonReader reader(source.location, "memory source");
  reader.require("name", name);
  reader.require("size", size);
  reader.finish();
  if (!source.bytes || !source.bytes->device().is_cpu() || source.bytes->size() != size) {
    throw Error(ErrorCode::kInvalidArgument,
                "the memory source '" + name + "' does not carry its bytes",
                "make it with WeightSource::memory; JSON holds no bytes");
  }
  return name;
}

}  // namespace

void register_memory(SourceCatalog& catalog) {
  catalog.add("memory", {.description = "bytes in memory, used in place",
                         .open = [](const WeightSource& source, const WeightLoaderConfig&)
                             -> std::unique_ptr<ByteSource> {
                           return std::make_unique<MemoryByteSource>(checked_name(source),
                                                                     source.bytes);
                         },
                         // A live Storage has its address to itself, and readers keep it alive.
                         .stamp = [](const WeightSource& source, const WeightLoaderConfig&) {
                           checked_name(source);
                           return std::to_string(
                               reinterpret_cast<std::uintptr_t>(source.bytes.get()));
                         }});
}

}  // namespace ferrum
