#pragma once
// A weight in fewer bits: several tensors that together stand for one matrix. Seed name of how:
// QuantizationConfig.

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ferrum/tensor/tensor.h"
#include "ferrum/types/json.h"

namespace ferrum {

// A kind of the quantisation axis with its parameters:
//   int8 {symmetric = true}                     one scale per row of [out, in]
//   int4 {group_size = 128, symmetric = true}   one scale per row and `group_size` columns; -1: all
//   fp8  {format = "e4m3" or "e5m2"}            one scale per row
//   gptq {bits, group_size, desc_act, symmetric}   awq {bits, group_size, zero_point}
// Whether a kind is there and parameters make sense is the catalog's business.
struct QuantizationConfig {
  std::string kind;
  Json parameters = Json::object();

  static QuantizationConfig int8(bool symmetric = true);
  static QuantizationConfig int4(int64_t group_size = 128, bool symmetric = true);
  static QuantizationConfig fp8(bool e4m3 = true);
  static QuantizationConfig gptq(int bits, int64_t group_size, bool desc_act, bool symmetric);
  static QuantizationConfig awq(int bits, int64_t group_size, bool zero_point);

  bool operator==(const QuantizationConfig&) const = default;
};
// {"kind": "int4", "group_size": 128, "symmetric": true}
void to_json(Json& json, const QuantizationConfig& config);
void from_json(const Json& json, QuantizationConfig& config);

// A value of tensors: copying it is cheap and aliases the same elements.
struct QuantizedTensor {
  struct Part {
    std::string suffix;  // what its name has after the matrix' own: "_scale", "" for the codes
    Tensor tensor;
  };

  QuantizationConfig config;
  DataType dtype = DataType::kF32;  // of the matrix: f32, f16 or bf16
  Shape shape;                      // of the matrix: [out, in]
  std::vector<Part> parts;          // as QuantizationScheme::layout orders them

  // Throws kInvalidArgument when there is no such part.
  const Tensor& part(std::string_view suffix) const;
  int64_t size_bytes() const;  // of all parts
};

// What a weight may be where both are possible.
using Weight = std::variant<Tensor, QuantizedTensor>;

}  // namespace ferrum
