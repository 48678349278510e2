#pragma once
// Where the bytes of a tensor lie in a file beside the model's.
// https://github.com/onnx/onnx/blob/main/docs/ExternalData.md

#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace ferrum {

struct ExternalData {
  std::string location;  // relative to the model's folder; for the opener of siblings to judge
  int64_t offset = 0;
  std::string checksum;  // SHA-1 of the whole file; "" where none is given
};

// The keys and values of a tensor that needs `tensor_bytes`; keys that are unknown change nothing.
// Throws kInvalidFormat without a location, for numbers that are not plain decimals of 63 bits, and
// for a range that is not of that size or does not end in 63 bits.
ExternalData parse_external_data(const std::map<std::string, std::string, std::less<>>& entries,
                                 int64_t tensor_bytes);

// Whether parse_external_data makes something of `key`.
bool is_external_data_key(const std::string& key);

}  // namespace ferrum
