#include "weights/formats/gguf/gguf_values.h"

#include <array>

#include "ferrum/text/utf8.h"
#include "ferrum/types/error.h"

namespace ferrum {
namespace {

constexpr int64_t kMaxKeyBytes = 65535;  // of the specification
constexpr int64_t kMaxTextBytes = kMaxGgufValueBytes;
constexpr uint32_t kText = 8, kList = 9;

struct ValueType {
  std::string_view name;
  int bytes;  // 0: a text or a list
};
constexpr std::array<ValueType, 13> kTypes{{{"u8", 1},
                                            {"i8", 1},
                                            {"u16", 2},
                                            {"i16", 2},
                                            {"u32", 4},
                                            {"i32", 4},
                                            {"f32", 4},
                                            {"bool", 1},
                                            {"string", 0},
                                            {"list", 0},
                                            {"u64", 8},
                                            {"i64", 8},
                                            {"f64", 8}}};

void require_utf8(GgufCursor& cursor, std::string_view text, const std::string& what) {
  if (find_invalid_utf8(text)) cursor.fail(what + " is not UTF-8");
}

}  // namespace

GgufValues GgufValues::read(std::shared_ptr<const ByteSource> source, GgufCursor& cursor,
                            int64_t count) {
  GgufValues values;
  values.source_ = std::move(source);
  for (int64_t i = 0; i < count; ++i) {
    const std::string key = cursor.read_text(kMaxKeyBytes, "key " + std::to_string(i));
    if (key.empty()) cursor.fail("key " + std::to_string(i) + " is empty");
    require_utf8(cursor, key, "key " + std::to_string(i));
    if (values.summary_.contains(key)) cursor.fail("it has the key '" + key + "' twice");
    const auto type = cursor.read<uint32_t>();
    if (type >= kTypes.size()) {
      cursor.fail("'" + key + "' has the unknown type " + std::to_string(type));
    }
    if (key == "general.alignment" && kTypes[type].name != "u32") {
      cursor.fail("'" + key + "' must be of type u32, and is " + std::string(kTypes[type].name));
    }
    values.keep(cursor, static_cast<int64_t>(key.size()) + 64);
    values.summary_[key] = values.read_value(cursor, key, type);
  }
  return values;
}

Json GgufValues::read_value(GgufCursor& cursor, const std::string& key, uint32_t type) {
  return type == kList ? read_list(cursor, key) : read_single(cursor, key, type);
}

Json GgufValues::read_single(GgufCursor& cursor, const std::string& key, uint32_t type) {
  switch (type) {
    case 0: return cursor.read<uint8_t>();
    case 1: return cursor.read<int8_t>();
    case 2: return cursor.read<uint16_t>();
    case 3: return cursor.read<int16_t>();
    case 4: return cursor.read<uint32_t>();
    case 5: return cursor.read<int32_t>();
    case 6: return cursor.read<float>();
    case 7: {
      const auto value = cursor.read<uint8_t>();
      if (value > 1) cursor.fail("'" + key + "' is a bool of " + std::to_string(value));
      return value == 1;
    }
    case kText: {
      std::string text = cursor.read_text(kMaxTextBytes, "'" + key + "'");
      require_utf8(cursor, text, "'" + key + "'");
      keep(cursor, static_cast<int64_t>(text.size()));
      return text;
    }
    case 10: return cursor.read<uint64_t>();
    case 11: return cursor.read<int64_t>();
    default: return cursor.read<double>();
  }
}

Json GgufValues::read_list(GgufCursor& cursor, const std::string& key) {
  const auto type = cursor.read<uint32_t>();
  if (type == kList) cursor.fail("'" + key + "' is a list of lists");
  if (type >= kTypes.size()) {
    cursor.fail("'" + key + "' is a list of the unknown type " + std::to_string(type));
  }
  const int bytes = kTypes[type].bytes;
  const int64_t count =
      cursor.read_count(type == kText ? 8 : bytes, "elements of '" + key + "'");
  if (count <= kMaxListedGgufElements) {
    Json list = Json::array();
    for (int64_t i = 0; i < count; ++i) {
      keep(cursor, 16);
      list.push_back(read_single(cursor, key, type));
    }
    return list;
  }
  long_lists_.emplace(key, LongList{type, count, cursor.position()});
  if (type == kText) {
    for (int64_t i = 0; i < count; ++i) cursor.skip_text();
  } else {
    cursor.skip(count * bytes);
  }
  return {{"list", kTypes[type].name}, {"count", count}};
}

void GgufValues::keep(GgufCursor& cursor, int64_t bytes) {
  kept_bytes_ += bytes;
  if (kept_bytes_ > kMaxGgufValueBytes) {
    cursor.fail("its keys and values have more than " + std::to_string(kMaxGgufValueBytes) +
                " bytes");
  }
}

const Json* GgufValues::find(std::string_view key) const {
  const auto it = summary_.find(key);
  return it == summary_.end() ? nullptr : &*it;
}

template <class F>
void GgufValues::for_each(std::string_view key, const F& take) const {
  const auto it = long_lists_.find(key);
  if (it == long_lists_.end()) {
    const Json* value = find(key);
    if (!value) return;
    if (!value->is_array()) GgufCursor(*source_).fail("'" + std::string(key) + "' is not a list");
    for (const Json& element : *value) take(element);
    return;
  }
  GgufCursor cursor(*source_, it->second.offset);
  GgufValues reader;  // what one element costs is bounded, not their sum
  for (int64_t i = 0; i < it->second.count; ++i) {
    reader.kept_bytes_ = 0;
    take(reader.read_single(cursor, it->first, it->second.type));
  }
}

std::vector<std::string> GgufValues::texts(std::string_view key) const {
  std::vector<std::string> texts;
  for_each(key, [&](const Json& element) {
    if (!element.is_string()) {
      GgufCursor(*source_).fail("'" + std::string(key) + "' is not a list of strings");
    }
    texts.push_back(element.get<std::string>());
  });
  return texts;
}

std::vector<double> GgufValues::numbers(std::string_view key) const {
  std::vector<double> numbers;
  for_each(key, [&](const Json& element) {
    if (!element.is_number()) {
      GgufCursor(*source_).fail("'" + std::string(key) + "' is not a list of numbers");
    }
    numbers.push_back(element.get<double>());
  });
  return numbers;
}

}  // namespace ferrum
