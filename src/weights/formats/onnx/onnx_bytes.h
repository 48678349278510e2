#pragma once
// ONNX files for tests, made by hand.

#include <initializer_list>
#include <string>
#include <utility>

#include "support/proto_bytes.h"

namespace ferrum::test {

enum OnnxType {
  kFloat = 1,
  kInt8 = 3,
  kInt32 = 6,
  kInt64 = 7,
  kBool = 9,
  kFloat16 = 10,
  kFloat6E2M3 = 27,
};

inline std::string dims(std::initializer_list<uint64_t> extents) {
  std::string bytes;
  for (const uint64_t extent : extents) bytes += number_field(1, extent);
  return bytes;
}
inline std::string data_type(int type) { return number_field(2, static_cast<uint64_t>(type)); }
inline std::string name(const std::string& text) { return bytes_field(8, text); }
inline std::string raw_data(const std::string& bytes) { return bytes_field(9, bytes); }

using Entries = std::initializer_list<std::pair<std::string, std::string>>;
inline std::string external_data(Entries entries) {
  std::string bytes;
  for (const auto& [key, value] : entries) {
    bytes += bytes_field(13, bytes_field(1, key) + bytes_field(2, value));
  }
  return bytes + number_field(14, 1);
}

inline std::string initializer(const std::string& tensor) { return bytes_field(5, tensor); }
inline std::string model_of_graph(const std::string& graph) {
  return number_field(1, 10) + bytes_field(7, graph);
}
inline std::string model_of_tensor(const std::string& tensor) {
  return model_of_graph(initializer(tensor));
}

}  // namespace ferrum::test
