#include "weights/formats/gguf/gguf_file.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <optional>

#include "ferrum/types/error.h"

namespace ferrum {
namespace {

constexpr int64_t kMostParts = 99999;  // five digits

// A whole number of the head; absent where there is none.
std::optional<int64_t> count_of(const GgufValues& values, const char* key) {
  const Json* value = values.find(key);
  if (!value || !value->is_number_integer()) return std::nullopt;
  return value->get<int64_t>();
}

std::string part_suffix(int64_t part, int64_t count) {
  char text[64];  // two numbers of 64 bits fit
  std::snprintf(text, sizeof(text), "-%05lld-of-%05lld.gguf", static_cast<long long>(part),
                static_cast<long long>(count));
  return text;
}

class PartOpener {
 public:
  PartOpener(const WeightFile& file, GgufFile& out)
      : file_(file), out_(out), name_(file.bytes->name()) {}

  // The first part, and those that it tells of.
  void open() {
    GgufDirectory first = read_gguf_directory(file_.bytes);
    const int64_t count = count_of(first.values, "split.count").value_or(1);
    const int64_t number = count_of(first.values, "split.no").value_or(0);
    if (count < 0 || count > kMostParts || number < 0) fail("one of too many or too few");
    add(file_.bytes, first);
    if (count > 1 && number == 0) {
      open_parts(count);
      const auto tensors = count_of(first.values, "split.tensors.count");
      if (tensors && *tensors != static_cast<int64_t>(out_.tensors.size())) {
        fail("its " + std::to_string(count) + " parts have " + std::to_string(out_.tensors.size()) +
             " tensors; it tells of " + std::to_string(*tensors));
      }
    }
    out_.values = std::move(first.values);
  }

 private:
  [[noreturn]] void fail(const std::string& why) const {
    throw Error(ErrorCode::kInvalidFormat, name_ + " is a part of a GGUF file: " + why,
                "download all parts again, under the names that they were given");
  }

  void open_parts(int64_t count) {
    const std::string suffix = part_suffix(1, count);
    if (!name_.ends_with(suffix)) fail("the first, but its name does not end in " + suffix);
    const std::string stem = name_.substr(0, name_.size() - suffix.size());
    const std::string file = stem.substr(stem.rfind('/') + 1);
    for (int64_t part = 2; part <= count; ++part) {
      const auto bytes = file_.open_sibling(file + part_suffix(part, count));
      const GgufDirectory directory = read_gguf_directory(bytes);
      if (count_of(directory.values, "split.no") != part - 1 ||
          count_of(directory.values, "split.count") != count) {
        fail(bytes->name() + " is not part " + std::to_string(part) + " of " +
             std::to_string(count));
      }
      add(bytes, directory);
    }
  }

  void add(const std::shared_ptr<const ByteSource>& bytes, const GgufDirectory& directory) {
    for (const auto& [name, tensor] : directory.tensors) {
      if (!out_.tensors.emplace(name, GgufFile::Entry{bytes, tensor}).second) {
        fail("tensor '" + name + "' of " + bytes->name() + " is in an earlier part, too");
      }
    }
  }

  const WeightFile& file_;
  GgufFile& out_;
  const std::string name_;
};

// Decodes whole blocks and hands on what of their elements is wanted.
class BlockDecoder {
 public:
  using Sink = FunctionRef<void(std::span<const std::byte>)>;

  // The first block that comes begins at element `at`.
  BlockDecoder(const BlockType& type, int64_t at, int64_t begin, int64_t end, Sink sink)
      : type_(type), at_(at), begin_(begin), end_(end), sink_(sink) {
    const int64_t blocks = std::min(kChunkElements, end - at) / type.elements + 1;
    values_.resize(static_cast<size_t>(blocks * type.elements));
  }

  // Bytes that follow one another; they may end inside a block.
  void push(std::span<const std::byte> bytes) {
    const auto size = static_cast<size_t>(type_.bytes);
    if (!cut_.empty()) {
      const auto missing = bytes.first(std::min(size - cut_.size(), bytes.size()));
      cut_.insert(cut_.end(), missing.begin(), missing.end());
      bytes = bytes.subspan(missing.size());
      if (cut_.size() < size) return;
      decode(cut_);
    }
    const auto whole = bytes.first(bytes.size() / size * size);
    const auto rest = bytes.subspan(whole.size());
    decode(whole);
    cut_.assign(rest.begin(), rest.end());
  }

 private:
  static constexpr int64_t kChunkElements = 1 << 16;

  void decode(std::span<const std::byte> blocks) {
    const auto most = static_cast<int64_t>(values_.size()) / type_.elements;
    while (!blocks.empty()) {
      const int64_t count = std::min(most, static_cast<int64_t>(blocks.size()) / type_.bytes);
      type_.decode(blocks.data(), count, values_.data());
      const int64_t next = at_ + count * type_.elements;
      const int64_t from = std::max(begin_, at_), to = std::min(end_, next);
      const float* wanted = values_.data() + (from - at_);
      sink_(std::as_bytes(std::span(wanted, static_cast<size_t>(to - from))));
      blocks = blocks.subspan(static_cast<size_t>(count * type_.bytes));
      at_ = next;
    }
  }

  const BlockType& type_;
  int64_t at_;
  const int64_t begin_, end_;
  Sink sink_;
  std::vector<float> values_;
  std::vector<std::byte> cut_;  // the beginning of a block whose end is to come
};

}  // namespace

std::optional<GgufPartName> parse_gguf_part_name(std::string_view name) {
  constexpr size_t kDigits = 5, kSuffix = std::string_view("-00001-of-00003.gguf").size();
  if (name.size() < kSuffix) return std::nullopt;
  const std::string_view end = name.substr(name.size() - kSuffix);
  GgufPartName part{std::string(name.substr(0, name.size() - kSuffix)), 0, 0};
  const auto read = [&](size_t at, int64_t& number) {
    std::from_chars(end.data() + at, end.data() + at + kDigits, number);
  };
  read(1, part.number);
  read(10, part.count);
  if (end != part_suffix(part.number, part.count)) return std::nullopt;
  return part;
}

bool is_first_gguf_part(const GgufValues& values) {
  return count_of(values, "split.count").value_or(1) > 1 &&
         count_of(values, "split.no").value_or(0) == 0;
}

std::vector<std::string> further_gguf_parts(std::string_view name) {
  std::vector<std::string> names;
  const auto first = parse_gguf_part_name(name);
  if (!first || first->number != 1) return names;
  for (int64_t part = 2; part <= first->count; ++part) {
    names.push_back(first->stem + part_suffix(part, first->count));
  }
  return names;
}

GgufFile open_gguf_file(const WeightFile& file) {
  GgufFile out;
  out.name = file.bytes->name();
  PartOpener(file, out).open();
  return out;
}

void decode_gguf(const GgufFile::Entry& entry, int64_t begin, int64_t end,
                 FunctionRef<void(std::span<const std::byte>)> sink) {
  if (begin == end) return;
  const GgufTensor& tensor = entry.tensor;
  if (!tensor.block) {
    const int64_t size = bits_of(tensor.dtype) / 8;
    entry.bytes->stream(tensor.offset + begin * size, (end - begin) * size, sink);
    return;
  }
  const BlockType& type = *tensor.block;
  const int64_t first = begin / type.elements, last = (end - 1) / type.elements + 1;
  BlockDecoder decoder(type, first * type.elements, begin, end, sink);
  entry.bytes->stream(tensor.offset + first * type.bytes, (last - first) * type.bytes,
                      [&](std::span<const std::byte> bytes) { decoder.push(bytes); });
}

}  // namespace ferrum
