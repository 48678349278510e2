#pragma once
// A GGUF file with the parts that follow it: "x-00001-of-00003.gguf" and so on.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ferrum/weights/weight_reader.h"
#include "weights/formats/gguf/gguf_directory.h"

namespace ferrum {

struct GgufFile {
  struct Entry {
    std::shared_ptr<const ByteSource> bytes;  // of the part that holds it
    GgufTensor tensor;
  };

  std::string name;   // for messages
  GgufValues values;  // of the first part, which has all but those that say how it was split
  std::map<std::string, Entry, std::less<>> tensors;
};

// What the name of a part tells.
struct GgufPartName {
  std::string stem;  // "x" of "x-00001-of-00003.gguf"
  int64_t number, count;
};
std::optional<GgufPartName> parse_gguf_part_name(std::string_view name);

// Whether a file with these values goes on in others.
bool is_first_gguf_part(const GgufValues& values);

// The names of the parts that follow a first one; none for any other file.
std::vector<std::string> further_gguf_parts(std::string_view name);

// Opens the parts that a first part tells of; a later part is read as a file of its own. Throws
// kInvalidFormat for parts that do not belong together, as read_gguf_directory, and as
// open_sibling.
GgufFile open_gguf_file(const WeightFile& file);

// Hands elements [begin, end) of the tensor, decoded where they lie in blocks, to `sink`.
void decode_gguf(const GgufFile::Entry& entry, int64_t begin, int64_t end,
                 FunctionRef<void(std::span<const std::byte>)> sink);

}  // namespace ferrum
