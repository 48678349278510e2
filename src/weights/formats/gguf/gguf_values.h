#pragma once
// The keys and values at the head of a GGUF file.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ferrum/types/json.h"
#include "weights/formats/gguf/gguf_cursor.h"

namespace ferrum {

// A vocabulary has 10^5 elements and more: a list this long stays in the file until it is asked
// for.
constexpr int64_t kMaxListedGgufElements = 64;
// Of keys and values that are kept, lists left in the file not counted.
constexpr int64_t kMaxGgufValueBytes = int64_t{64} << 20;

class GgufValues {
 public:
  // Reads `count` of them. `source` is the cursor's. Throws kInvalidFormat, naming the key.
  static GgufValues read(std::shared_ptr<const ByteSource> source, GgufCursor& cursor,
                         int64_t count);

  // All, by key; of a long list only {"list": type, "count": n}.
  const Json& summary() const { return summary_; }

  // Null for none.
  const Json* find(std::string_view key) const;
  bool contains(std::string_view key) const { return find(key) != nullptr; }

  // A list of any length; empty for an absent key. Throws kInvalidFormat when it is of another
  // kind.
  std::vector<std::string> texts(std::string_view key) const;
  std::vector<double> numbers(std::string_view key) const;

 private:
  struct LongList {
    uint32_t type;
    int64_t count;
    int64_t offset;  // in the file
  };

  Json read_value(GgufCursor& cursor, const std::string& key, uint32_t type);
  Json read_list(GgufCursor& cursor, const std::string& key);
  Json read_single(GgufCursor& cursor, const std::string& key, uint32_t type);
  // Calls `take` with each element as a Json.
  template <class F>
  void for_each(std::string_view key, const F& take) const;
  void keep(GgufCursor& cursor, int64_t bytes);

  std::shared_ptr<const ByteSource> source_;
  Json summary_ = Json::object();
  std::map<std::string, LongList, std::less<>> long_lists_;
  int64_t kept_bytes_ = 0;
};

}  // namespace ferrum
