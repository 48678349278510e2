// The source and the format of docs/adding_a_source.md and docs/adding_a_format.md.

#include <gtest/gtest.h>

#include <cstring>

#include "ferrum/weights/weight_catalogs.h"
#include "support/host_tensor_factory.h"

namespace ferrum {
namespace {

// Bytes written as hexadecimal digits in the location: {"hex": "0000803f"}.
class HexSource : public ByteSource {
 public:
  explicit HexSource(const std::string& digits) {
    for (size_t i = 0; i + 1 < digits.size(); i += 2) {
      bytes_ += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
    }
  }
  const std::string& name() const override { return name_; }
  int64_t size() const override { return static_cast<int64_t>(bytes_.size()); }
  void read(int64_t offset, std::span<std::byte> destination) const override {
    check_range(offset, static_cast<int64_t>(destination.size()));
    std::memcpy(destination.data(), bytes_.data() + offset, destination.size());
  }
  void prefetch(int64_t offset, int64_t bytes) const override { check_range(offset, bytes); }

 private:
  std::string name_ = "hexadecimal text";
  std::string bytes_;
};

std::string digits_of(const WeightSource& source) {
  std::string digits;
  JsonReader reader(source.location, "hex source");
  reader.require("hex", digits);
  reader.finish();
  return digits;
}

void register_hex(SourceCatalog& catalog) {
  catalog.add("hex", {.description = "bytes written as hexadecimal text",
                      .open = [](const WeightSource& source, const WeightLoaderConfig&) {
                        return std::make_unique<HexSource>(digits_of(source));
                      },
                      .stamp = [](const WeightSource& source, const WeightLoaderConfig&) {
                        return digits_of(source);
                      }});
}

// The whole file is one f32 vector, "data".
class FlatReader : public WeightReader {
 public:
  explicit FlatReader(std::shared_ptr<const ByteSource> bytes) : bytes_(std::move(bytes)) {
    if (bytes_->size() % 4 != 0) {
      throw Error(ErrorCode::kInvalidFormat, bytes_->name() + " ends inside an element");
    }
    metadata_.format = "flat";
    metadata_.tensors["data"] = {DataType::kF32, Shape{bytes_->size() / 4}, bytes_->size()};
    metadata_.summarise();
  }
  const WeightMetadata& metadata() const override { return metadata_; }
  std::optional<StoredTensor> find_stored(std::string_view) const override {
    const auto extent = extent_storage(bytes_->size());
    return StoredTensor{bytes_, Tensor(extent, Shape{bytes_->size() / 4}, DataType::kF32)};
  }

 private:
  std::shared_ptr<const ByteSource> bytes_;
  WeightMetadata metadata_;
};

void register_flat(FormatCatalog& catalog) {
  catalog.add("flat", {.description = "one f32 vector",
                       .extensions = {".f32"},
                       .matches = [](const ByteSource&) { return false; },  // nothing to tell it by
                       .open = [](const WeightFile& file) {
                         return std::make_unique<FlatReader>(file.bytes);
                       }});
}

TEST(AddingPartsTest, ANewFormatReadsFromANewSourceWithEveryTransformation) {
  WeightCatalogs catalogs = create_weight_catalogs();
  register_hex(catalogs.sources);
  register_flat(catalogs.formats);
  HostTensorFactory factory;
  const auto loader = create_weight_loader(catalogs, factory);
  WeightSource source;
  source.kind = "hex";
  source.location["hex"] = "0000803f0000004000004040";  // 1, 2, 3
  source.format = "flat";
  const Tensor last = loader->load_tensor({"data", Shape{1}, DataType::kI32, Device::cpu(), source,
                                           {TensorTransformation::slice(0, -1, {})}});
  EXPECT_EQ(*last.data<int32_t>(), 3);

  const std::string bytes("\0\0\x80\x3f", 4);
  source = WeightSource::memory(borrow_bytes(bytes), "one.f32", "flat");
  EXPECT_EQ(loader->load_tensor({"data", {}, {}, Device::cpu(), source, {}}).raw_data(),
            bytes.data());
  source.format.reset();  // a name alone says nothing
  EXPECT_THROW(loader->get_metadata(source), Error);
  source = WeightSource::memory(borrow_bytes("odd"), "odd.f32", "flat");
  EXPECT_THROW(loader->get_metadata(source), Error);
}

}  // namespace
}  // namespace ferrum
