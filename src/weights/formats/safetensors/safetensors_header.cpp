#include "weights/formats/safetensors/safetensors_header.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "ferrum/types/checked.h"
#include "ferrum/types/error.h"
#include "weights/strict_sax.h"

namespace ferrum {
namespace {

constexpr std::array<SafetensorsDtype, 22> kDtypes{{
    {"BOOL", DataType::kBool},
    {"F4", DataType::kF4E2M1},
    {"F6_E2M3", DataType::kF6E2M3},
    {"F6_E3M2", DataType::kF6E3M2},
    {"U8", DataType::kU8},
    {"I8", DataType::kI8},
    {"F8_E5M2", DataType::kF8E5M2},
    {"F8_E4M3", DataType::kF8E4M3},
    {"F8_E8M0", DataType::kF8E8M0},
    {"F8_E4M3FNUZ", DataType::kF8E4M3Fnuz},
    {"F8_E5M2FNUZ", DataType::kF8E5M2Fnuz},
    {"I16", DataType::kI16},
    {"U16", DataType::kU16},
    {"F16", DataType::kF16},
    {"BF16", DataType::kBF16},
    {"I32", DataType::kI32},
    {"U32", DataType::kU32},
    {"F32", DataType::kF32},
    {"C64", DataType::kC64},
    {"F64", DataType::kF64},
    {"I64", DataType::kI64},
    {"U64", DataType::kU64},
}};

std::optional<DataType> find_safetensors_dtype(std::string_view name) {
  for (const auto& [known, dtype] : kDtypes) {
    if (name == known) return dtype;
  }
  return std::nullopt;
}

// {"<tensor>": {"dtype": s, "shape": [n...], "data_offsets": [begin, end]}, ...,
//  "__metadata__": {s: s, ...}}
class HeaderHandler : public StrictSax {
 public:
  HeaderHandler(std::string what, int64_t data_bytes, SafetensorsHeader& header)
      : StrictSax(std::move(what)), data_bytes_(data_bytes), header_(header) {}

  bool start_object(size_t) override {
    if (depth_ > 1) unexpected("an object");
    if (depth_ == 1) begin_entry();
    ++depth_;
    return true;
  }

  bool key(std::string& name) override {
    if (depth_ == 1) {
      tensor_ = std::move(name);
      field_.clear();
      in_metadata_ = tensor_ == "__metadata__";
      has_key_ = true;
    } else {
      field_ = std::move(name);
    }
    return true;
  }

  bool string(std::string& value) override {
    if (depth_ == 2 && in_metadata_) {
      if (!header_.metadata.extra.emplace(field_, std::move(value)).second) twice();
      return true;
    }
    if (depth_ != 2 || field_ != "dtype") unexpected("a string");
    if (dtype_) twice();
    dtype_ = find_safetensors_dtype(value);
    if (!dtype_) fail("has the unknown dtype " + quote_json(value) + place());
    return true;
  }

  bool start_array(size_t) override {
    if (depth_ != 2 || in_metadata_ || (field_ != "shape" && field_ != "data_offsets")) {
      unexpected("an array");
    }
    numbers_.clear();
    ++depth_;
    return true;
  }

  bool number_unsigned(uint64_t value) override {
    if (depth_ != 3) unexpected("a number");
    if (value > INT64_MAX) fail("has the number " + std::to_string(value) + place());
    if (numbers_.size() == Shape::kMaxRank) {
      fail("has more than " + std::to_string(Shape::kMaxRank) + " extents" + place(),
           ErrorCode::kUnsupported);
    }
    numbers_.push_back(static_cast<int64_t>(value));
    return true;
  }

  bool end_array() override {
    auto& target = field_ == "shape" ? shape_ : offsets_;
    if (target) twice();
    target = numbers_;
    --depth_;
    return true;
  }

  bool end_object() override {
    if (depth_ == 2) {
      if (!in_metadata_) end_tensor();
      has_key_ = false;
    }
    --depth_;
    return true;
  }

 protected:
  std::string place() const override {
    if (!has_key_) return "";
    const std::string entry = in_metadata_ ? " (__metadata__" : " (tensor " + quote_json(tensor_);
    return depth_ > 1 && !field_.empty() ? entry + ", " + quote_json(field_) + ")" : entry + ")";
  }

 private:
  [[noreturn]] void twice() const { fail("has the key twice" + place()); }

  void begin_entry() {
    dtype_.reset();
    shape_.reset();
    offsets_.reset();
    if (in_metadata_ && std::exchange(seen_metadata_, true)) twice();
    if (!in_metadata_ && header_.offsets.contains(tensor_)) twice();
  }

  void end_tensor() {
    field_.clear();
    if (!dtype_ || !shape_ || !offsets_ || offsets_->size() != 2) {
      fail("lacks dtype, shape or a pair of data_offsets" + place());
    }
    const int64_t begin = (*offsets_)[0], end = (*offsets_)[1];
    if (begin > end || end > data_bytes_) {
      fail("has data_offsets [" + std::to_string(begin) + ", " + std::to_string(end) +
           "] outside its " + std::to_string(data_bytes_) + " bytes of data" + place());
    }
    if (size_in_bytes() != end - begin) {
      fail("has data_offsets that do not hold dtype and shape" + place());
    }
    // Overlaps are found when the header is complete; a sum past the data shows them at once, so
    // that a header of many tensors over one range is not even collected.
    claimed_ += end - begin;
    if (claimed_ > data_bytes_) fail("has tensors that overlap" + place());
    if (static_cast<int64_t>(header_.offsets.size()) == kMaxSafetensorsTensors) {
      fail("has more than " + std::to_string(kMaxSafetensorsTensors) + " tensors");
    }
    header_.metadata.tensors.emplace(tensor_, TensorInfo{*dtype_, Shape(*shape_), end - begin});
    header_.offsets.emplace(std::move(tensor_), begin);
  }

  // Also where an extent is zero, the product of the others must fit, as in Shape.
  int64_t size_in_bytes() const {
    int64_t product = 1;
    bool empty = false;
    for (const int64_t extent : *shape_) {
      empty = empty || extent == 0;
      const auto next = checked_mul(product, std::max<int64_t>(extent, 1));
      if (!next) fail("has a shape whose element count does not fit in 64 bits" + place());
      product = *next;
    }
    const auto bits = checked_mul(product, bits_of(*dtype_));
    if (!bits) fail("has a shape whose size does not fit in 64 bits" + place());
    if (empty) return 0;
    if (*bits % 8 != 0) fail("has a packed tensor that ends inside a byte" + place());
    return *bits / 8;
  }

  const int64_t data_bytes_;
  SafetensorsHeader& header_;
  int depth_ = 0;
  int64_t claimed_ = 0;
  bool has_key_ = false, in_metadata_ = false, seen_metadata_ = false;
  std::string tensor_, field_;
  std::vector<int64_t> numbers_;
  std::optional<DataType> dtype_;
  std::optional<std::vector<int64_t>> shape_, offsets_;
};

void check_coverage(const SafetensorsHeader& header, int64_t data_bytes, const std::string& what) {
  struct Extent {
    int64_t begin, end;
    const std::string* name;
  };
  std::vector<Extent> extents;
  extents.reserve(header.offsets.size());
  for (const auto& [name, begin] : header.offsets) {
    extents.push_back(
        {begin, begin + header.metadata.tensors.find(name)->second.size_bytes, &name});
  }
  std::sort(extents.begin(), extents.end(), [](const Extent& a, const Extent& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  int64_t end = 0;
  for (const Extent& extent : extents) {
    if (extent.begin != end) {
      throw Error(ErrorCode::kInvalidFormat,
                  what + (extent.begin < end ? " has an overlap" : " has a hole") +
                      " before tensor " + quote_json(*extent.name) + ": it begins at byte " +
                      std::to_string(extent.begin) + " of the data, the one before ends at " +
                      std::to_string(end));
    }
    end = extent.end;
  }
  if (end != data_bytes) {
    throw Error(ErrorCode::kInvalidFormat, what + " has " + std::to_string(data_bytes - end) +
                                               " bytes after its last tensor");
  }
}

}  // namespace

std::span<const SafetensorsDtype> safetensors_dtypes() { return kDtypes; }

SafetensorsHeader parse_safetensors_header(std::string_view json, int64_t data_bytes,
                                           const std::string& what) {
  SafetensorsHeader header;
  HeaderHandler(what, data_bytes, header).parse(json);
  check_coverage(header, data_bytes, what);
  header.metadata.format = "safetensors";
  header.metadata.summarise();
  return header;
}

}  // namespace ferrum
