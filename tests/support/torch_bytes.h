#pragma once
// Pickles and streams of torch.save byte by byte, also such as no library would write.

#include <cstdint>
#include <string>
#include <vector>

namespace ferrum::torch_bytes {

using namespace std::string_literals;

inline std::string number(int64_t value, size_t bytes = 8) {
  return {reinterpret_cast<const char*>(&value), bytes};
}
inline std::string integer(int64_t value) { return "\x8a\x8" + number(value); }
inline std::string text(const std::string& value) {
  return "X" + number(static_cast<int64_t>(value.size()), 4) + value;
}
inline std::string tuple(const std::vector<int64_t>& values) {
  std::string result = "(";
  for (const int64_t value : values) result += integer(value);
  return result + "t";
}

// A pickle as a stream of torch.save, with the storages `keys` of `floats` elements each.
inline std::string stream(const std::string& pickle, const std::vector<std::string>& keys = {"0"},
                          int64_t floats = 6) {
  std::string bytes = "\x80\2\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\2M\xe9\3."s;
  bytes += "}." + pickle + "](";
  for (const std::string& key : keys) bytes += text(key);
  bytes += "e.";
  for (size_t i = 0; i < keys.size(); ++i) {
    bytes += number(floats) + std::string(static_cast<size_t>(floats) * 4, '\x3f');
  }
  return bytes;
}
inline std::string storage(int64_t elements = 6, const std::string& key = "0",
                           const std::string& type = "FloatStorage",
                           const std::string& view = "N") {
  return "(" + text("storage") + "ctorch\n" + type + "\n" + text(key) + text("cpu") +
         integer(elements) + view + "tQ";
}
inline std::string rebuild(const std::string& storage, int64_t offset,
                           const std::vector<int64_t>& sizes,
                           const std::vector<int64_t>& strides) {
  return "ctorch._utils\n_rebuild_tensor_v2\n(" + storage + integer(offset) + tuple(sizes) +
         tuple(strides) + "\x89}tR";
}
// A dict of one tensor, as a whole pickle.
inline std::string named(const std::string& value, const std::string& name = "w") {
  return "}" + text(name) + value + "s.";
}

}  // namespace ferrum::torch_bytes
