#include "quant/scaled_scheme.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "ferrum/types/float8.h"

namespace ferrum {
namespace {

constexpr int64_t kNibbles = 8;  // of a word

float round_to(DataType dtype, float x) {
  switch (dtype) {
    case DataType::kF16: return to_float(to_float16(x));
    case DataType::kBF16: return to_float(to_bfloat16(x));
    default: return x;
  }
}

float epsilon_of(DataType dtype) {
  switch (dtype) {
    case DataType::kF16: return 0x1p-10f;
    case DataType::kBF16: return 0x1p-7f;
    default: return 0x1p-23f;
  }
}

const QuantizeKernels::Rows& kernels_of(DataType dtype) {
  const QuantizeKernels& kernels = quantize_kernels();
  switch (dtype) {
    case DataType::kF16: return kernels.f16;
    case DataType::kBF16: return kernels.bf16;
    default: return kernels.f32;
  }
}

// Where element `index` of a contiguous tensor lies.
std::byte* at(const Tensor& tensor, int64_t index) {
  return static_cast<std::byte*>(tensor.mutable_raw_data()) +
         index * (bits_of(tensor.dtype()) / 8);
}

void store_scale(std::byte* to, DataType dtype, float scale) {  // exact: scales are rounded
  if (dtype == DataType::kF32) {
    std::memcpy(to, &scale, sizeof(scale));
  } else {
    const uint16_t bits =
        dtype == DataType::kF16 ? to_float16(scale).bits : to_bfloat16(scale).bits;
    std::memcpy(to, &bits, sizeof(bits));
  }
}

float load_scale(const Tensor& scales, int64_t index) {
  switch (scales.dtype()) {
    case DataType::kF16: return to_float(scales.data<Float16>()[index]);
    case DataType::kBF16: return to_float(scales.data<BFloat16>()[index]);
    default: return scales.data<float>()[index];
  }
}

int load_nibble(const Tensor& words, int64_t word, int64_t nibble) {
  const auto bits = static_cast<uint32_t>(words.data<int32_t>()[word]);
  return static_cast<int>(bits >> (4 * nibble) & 0xf) - 8;
}

[[noreturn]] void refuse_row(int64_t row, const std::string& why) {
  throw Error(ErrorCode::kInvalidArgument, "row " + std::to_string(row) + " " + why,
              "no scale can stand for such numbers; look at where they come from");
}

}  // namespace

struct ScaledScheme::Row {
  const std::byte* elements;
  DataType dtype;
  int64_t index, columns, groups;
  std::vector<float>& scales;    // [groups]
  std::vector<float>& zeros;     // [groups] where not symmetric
  std::vector<int8_t>& integers; // of packed codes: whole words

  int64_t group_size() const { return columns / groups; }
};

ScaledScheme::ScaledScheme(QuantizationConfig config, CodeFormat format, int64_t group_size,
                           bool symmetric)
    : config_(std::move(config)), format_(format), group_size_(group_size), symmetric_(symmetric) {
  if (group_size < 1 && group_size != kWholeRow) {
    throw Error(ErrorCode::kInvalidArgument, "group_size is " + std::to_string(group_size),
                "it is at least 1, or -1 for one group per row");
  }
}

int64_t ScaledScheme::groups_of(int64_t columns) const {
  return group_size_ == kWholeRow ? 1 : columns / group_size_;
}

std::vector<QuantizationScheme::PartLayout> ScaledScheme::layout(DataType dtype,
                                                                 const Shape& shape) const {
  if (dtype != DataType::kF32 && dtype != DataType::kF16 && dtype != DataType::kBF16) {
    throw Error(ErrorCode::kUnsupported,
                "elements of " + std::string(to_string(dtype)) + " are not quantised",
                "cast to f32, f16 or bf16 first");
  }
  if (shape.rank() != 2 || shape[1] == 0) {
    throw Error(ErrorCode::kInvalidArgument,
                "a quantised weight is a matrix [out, in] with columns, found " + to_string(shape),
                "reshape or slice first");
  }
  const int64_t rows = shape[0], columns = shape[1];
  if (group_size_ != kWholeRow && columns % group_size_ != 0) {
    throw Error(ErrorCode::kInvalidArgument,
                "a group_size of " + std::to_string(group_size_) + " does not divide " +
                    std::to_string(columns) + " columns",
                "choose a divisor, or -1 for one group per row");
  }
  const int64_t groups = groups_of(columns);
  const Shape scales{rows, groups};
  std::vector<PartLayout> parts;
  if (packed()) {
    const int64_t words = (columns - 1) / kNibbles + 1;
    parts = {{"_packed", DataType::kI32, Shape{rows, words}}, {"_scale", dtype, scales}};
  } else {
    parts = {{"", format_.dtype, shape}, {"_scale", dtype, scales}};
  }
  if (!symmetric_ && packed()) {
    const int64_t words = rows / kNibbles + (rows % kNibbles > 0);
    parts.push_back({"_zero_point", DataType::kI32, Shape{words, groups}});
  } else if (!symmetric_) {
    parts.push_back({"_zero_point", DataType::kI8, scales});
  }
  if (packed()) parts.push_back({"_shape", DataType::kI64, Shape{2}});
  return parts;
}

void ScaledScheme::encode(const std::byte* elements, int64_t first_row, int64_t rows,
                          const QuantizedTensor& out) const {
  const int64_t columns = out.shape[1], groups = groups_of(columns);
  if (packed() && first_row == 0) {
    const int64_t shape[] = {out.shape[0], columns};
    std::memcpy(at(out.part("_shape"), 0), shape, sizeof(shape));
  }
  const auto count = static_cast<size_t>(groups);
  std::vector<float> scales(count), zeros(symmetric_ ? 0 : count);
  std::vector<int8_t> integers;
  if (packed()) integers.assign(static_cast<size_t>((columns - 1) / kNibbles + 1) * kNibbles, -8);

  Row row{elements, out.dtype, first_row, columns, groups, scales, zeros, integers};
  const int64_t row_bytes = bytes_of(out.dtype, columns);
  for (; row.index < first_row + rows; ++row.index, row.elements += row_bytes) {
    symmetric_ ? find_scales(row) : find_shifted_scales(row);
    encode_row(row, out);
  }
}

void ScaledScheme::find_scales(Row& row) const {
  kernels_of(row.dtype).largest(row.elements, row.groups, row.group_size(), row.scales.data());
  const float half_range = (format_.high - format_.low) / 2;
  for (float& scale : row.scales) {
    if (!std::isfinite(scale)) refuse_row(row.index, "holds an infinity or NaN");
    scale = round_to(row.dtype, scale / half_range);
    if (scale == 0) scale = epsilon_of(row.dtype);
  }
}

void ScaledScheme::find_shifted_scales(Row& row) const {
  const DataType dtype = row.dtype;
  kernels_of(dtype).range(row.elements, row.groups, row.group_size(), row.zeros.data(),
                          row.scales.data());
  for (size_t g = 0; g < row.scales.size(); ++g) {
    const float least = row.zeros[g], most = row.scales[g];
    if (!std::isfinite(least) || !std::isfinite(most)) {
      refuse_row(row.index, "holds an infinity or NaN");
    }
    const float low = std::min(least, 0.0f);
    const float range = round_to(dtype, std::max(most, 0.0f) - low);
    if (!std::isfinite(range)) {
      refuse_row(row.index, "spans more than " + std::string(to_string(dtype)) + " can tell");
    }
    const float scale = round_to(dtype, range / (format_.high - format_.low));
    float zero = low < 0 ? format_.high : 0;  // where the scale is 0
    if (scale > 0) {
      const float offset = round_to(dtype, low / scale);
      zero = std::clamp(round_to(dtype, format_.low - offset), format_.low, format_.high);
    }
    row.scales[g] = scale > 0 ? scale : epsilon_of(dtype);
    row.zeros[g] = std::nearbyint(zero);
  }
}

void ScaledScheme::encode_row(const Row& row, const QuantizedTensor& out) const {
  const QuantizeKernels::Rows& kernels = kernels_of(row.dtype);
  const int64_t size = row.group_size();
  const float* scales = row.scales.data();
  const Tensor& codes = out.parts[0].tensor;
  std::byte* to = at(codes, row.index * codes.shape()[1]);

  if (format_.dtype == DataType::kF8E4M3) {
    kernels.f8_e4m3(row.elements, row.groups, size, scales, reinterpret_cast<uint8_t*>(to));
  } else if (format_.dtype == DataType::kF8E5M2) {
    kernels.f8_e5m2(row.elements, row.groups, size, scales, reinterpret_cast<uint8_t*>(to));
  } else {
    auto* integers = packed() ? row.integers.data() : reinterpret_cast<int8_t*>(to);
    if (symmetric_) {
      kernels.integers(row.elements, row.groups, size, scales, format_.low, format_.high,
                       integers);
    } else {
      kernels.shifted_integers(row.elements, row.groups, size, scales, row.zeros.data(),
                               format_.low, format_.high, integers);
      write_zeros(row, out.parts[2].tensor);
    }
    if (packed()) {
      quantize_kernels().pack_nibbles(integers, static_cast<int64_t>(row.integers.size()),
                                      reinterpret_cast<uint8_t*>(to));
    }
  }

  const Tensor& scale_part = out.parts[1].tensor;
  const int64_t scale_bytes = bits_of(row.dtype) / 8;
  std::byte* scale_to = at(scale_part, row.index * row.groups);
  for (const float scale : row.scales) {
    store_scale(scale_to, row.dtype, scale);
    scale_to += scale_bytes;
  }
}

void ScaledScheme::write_zeros(const Row& row, const Tensor& zeros) const {
  if (!packed()) {
    auto* to = zeros.mutable_data<int8_t>() + row.index * row.groups;
    for (const float zero : row.zeros) *to++ = static_cast<int8_t>(zero);
    return;
  }
  const int64_t nibble = row.index % kNibbles;
  auto* words = zeros.mutable_data<int32_t>() + row.index / kNibbles * row.groups;
  for (const float zero : row.zeros) {
    const uint32_t others = nibble == 0 ? 0 : static_cast<uint32_t>(*words);
    const auto bits = static_cast<uint32_t>(static_cast<int>(zero) + 8);
    *words++ = static_cast<int32_t>(others | bits << (4 * nibble));
  }
}

void ScaledScheme::decode(const QuantizedTensor& weight, int64_t first_row, int64_t rows,
                          std::span<float> out) const {
  const auto expected = layout(weight.dtype, weight.shape);
  bool fits = weight.parts.size() == expected.size();
  for (size_t i = 0; fits && i < expected.size(); ++i) {
    const auto& [suffix, tensor] = weight.parts[i];
    fits = suffix == expected[i].suffix && tensor.defined() && tensor.is_contiguous() &&
           tensor.dtype() == expected[i].dtype && tensor.shape() == expected[i].shape;
  }
  const int64_t columns = weight.shape[1], groups = groups_of(columns);
  if (!fits || first_row < 0 || rows < 0 || rows > weight.shape[0] - first_row ||
      static_cast<int64_t>(out.size()) != rows * columns) {
    throw Error(ErrorCode::kInvalidArgument, "these parts are not a matrix " +
                                                 to_string(weight.shape) + " quantised as " +
                                                 config_.kind);
  }
  const Tensor& codes = weight.parts[0].tensor;
  const Tensor& scales = weight.parts[1].tensor;
  const Tensor zeros = symmetric_ ? Tensor() : weight.parts[2].tensor;
  const auto* bytes = static_cast<const uint8_t*>(codes.raw_data());
  for (int64_t r = first_row; r < first_row + rows; ++r) {
    for (int64_t c = 0; c < columns; ++c) {
      const int64_t group = c / (columns / groups);
      float code = 0, zero = 0;
      if (packed()) {
        code = static_cast<float>(
            load_nibble(codes, r * codes.shape()[1] + c / kNibbles, c % kNibbles));
      } else if (format_.dtype == DataType::kI8) {
        code = static_cast<int8_t>(bytes[r * columns + c]);
      } else {
        code = decode_float8(format_.dtype, bytes[r * columns + c]);
      }
      if (zeros.defined() && packed()) {
        zero = static_cast<float>(
            load_nibble(zeros, r / kNibbles * groups + group, r % kNibbles));
      } else if (zeros.defined()) {
        zero = zeros.data<int8_t>()[r * groups + group];
      }
      out[static_cast<size_t>((r - first_row) * columns + c)] =
          (code - zero) * load_scale(scales, r * groups + group);
    }
  }
}

Json ScaledScheme::checkpoint_config(std::span<const std::string> dense) const {
  if (!format_.checkpoint_format) {
    throw Error(ErrorCode::kUnsupported, "no checkpoint format has weights of " +
                                             std::string(to_string(format_.dtype)) + " with scales",
                "quantise to int8, int4, or fp8 of format e4m3");
  }
  const char* type = is_floating_point(format_.dtype) ? "float" : "int";
  Json weights{{"num_bits", bits_of(format_.dtype)},
               {"type", type},
               {"symmetric", symmetric_},
               {"strategy", group_size_ == kWholeRow ? "channel" : "group"},
               {"group_size", group_size_ == kWholeRow ? Json() : Json(group_size_)},
               {"dynamic", false}};
  Json activations;
  if (format_.quantises_activations) {
    activations = {{"num_bits", bits_of(format_.dtype)}, {"type", type}, {"symmetric", true},
                   {"strategy", "token"}, {"dynamic", true}};
  }
  const Json group{{"targets", {"Linear"}},
                   {"weights", std::move(weights)},
                   {"input_activations", std::move(activations)},
                   {"output_activations", nullptr},
                   {"format", format_.checkpoint_format}};
  return {{"quant_method", "compressed-tensors"},
          {"format", format_.checkpoint_format},
          {"quantization_status", "compressed"},
          {"config_groups", {{"group_0", group}}},
          {"ignore", dense},
          {"kv_cache_scheme", nullptr},
          {"global_compression_ratio", nullptr}};
}

}  // namespace ferrum
