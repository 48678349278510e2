#pragma once
// GGUF files made by hand, well formed or not.

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace ferrum {

class GgufBytes {
 public:
  enum Type : uint32_t { kU16 = 2, kU32 = 4, kI32 = 5, kF32 = 6, kBool = 7, kText = 8, kList = 9 };

  template <class T>
  static std::string number(T value) {
    std::string bytes(sizeof(T), '\0');
    std::memcpy(bytes.data(), &value, sizeof(T));
    return bytes;
  }
  static std::string text(std::string_view value) {
    return number<uint64_t>(value.size()).append(value);
  }
  template <class T>
  static std::string list(uint32_t type, const std::vector<T>& values) {
    std::string bytes = number(type) + number<uint64_t>(values.size());
    for (const T& value : values) {
      if constexpr (std::is_arithmetic_v<T>) bytes += number(value);
      else bytes += text(value);
    }
    return bytes;
  }

  GgufBytes& key(std::string_view name, uint32_t type, std::string_view value) {
    values_.append(text(name)).append(number(type)).append(value);
    ++keys;
    return *this;
  }
  // Extents as the file has them, innermost first.
  GgufBytes& tensor(std::string_view name, const std::vector<int64_t>& extents, uint32_t type,
                    uint64_t offset) {
    infos_.append(text(name)).append(number(static_cast<uint32_t>(extents.size())));
    for (const int64_t extent : extents) infos_.append(number(extent));
    infos_.append(number(type)).append(number(offset));
    ++tensors;
    return *this;
  }
  GgufBytes& data(std::string_view bytes) {
    data_.append(bytes);
    return *this;
  }

  std::string bytes() const {
    std::string file =
        "GGUF" + number(version) + number(tensors) + number(keys) + values_ + infos_;
    if (tensors > 0) file.resize((file.size() + alignment - 1) / alignment * alignment);
    return file + data_;
  }

  uint32_t version = 3;
  uint64_t tensors = 0, keys = 0;  // what the file claims
  size_t alignment = 32;

 private:
  std::string values_, infos_, data_;
};

}  // namespace ferrum
