#include "weights/formats/numpy/npy_header.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "ferrum/types/checked.h"
#include "ferrum/types/error.h"

namespace ferrum {
namespace {

// Kind and size of the array protocol's type strings.
constexpr std::array<std::pair<std::string_view, DataType>, 13> kCodes{{
    {"b1", DataType::kBool}, {"i1", DataType::kI8},  {"u1", DataType::kU8},
    {"i2", DataType::kI16},  {"u2", DataType::kU16}, {"f2", DataType::kF16},
    {"i4", DataType::kI32},  {"u4", DataType::kU32}, {"f4", DataType::kF32},
    {"i8", DataType::kI64},  {"u8", DataType::kU64}, {"f8", DataType::kF64},
    {"c8", DataType::kC64},
}};

std::optional<DataType> find_npy_dtype(std::string_view code) {
  for (const auto& [known, dtype] : kCodes) {
    if (code == known) return dtype;
  }
  return std::nullopt;
}

class LiteralParser {
 public:
  LiteralParser(std::string_view literal, const std::string& what,
                std::optional<DataType> void_dtype)
      : rest_(literal), what_(what), void_dtype_(void_dtype) {}

  NpyHeader parse() {
    expect('{');
    while (!accept('}')) {
      const std::string key = read_string();
      expect(':');
      read_value(key);
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_space();
    if (!rest_.empty()) fail("goes on after its end");
    if (!descr_) lacks("descr");
    if (!fortran_order_) lacks("fortran_order");
    if (!shape_) lacks("shape");
    NpyHeader header;
    set_type(*descr_, &header);
    header.fortran_order = *fortran_order_;
    check_size(header.dtype);
    header.shape = Shape(*shape_);
    return header;
  }

 private:
  [[noreturn]] void fail(const std::string& how,
                         ErrorCode code = ErrorCode::kInvalidFormat) const {
    throw Error(code, what_ + " has a NumPy header that " + how);
  }
  // What is well formed and no tensor, whichever file it is in.
  [[noreturn]] static void refuse(const std::string& how, const std::string& hint = "") {
    throw Error(ErrorCode::kUnsupported, "its NumPy header " + how, hint);
  }
  [[noreturn]] void lacks(const char* key) const { fail("lacks '" + std::string(key) + "'"); }

  void skip_space() {
    const size_t first = rest_.find_first_not_of(" \t\r\n");
    rest_.remove_prefix(first == rest_.npos ? rest_.size() : first);
  }
  bool accept(std::string_view text) {
    skip_space();
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  bool accept(char c) { return accept(std::string_view(&c, 1)); }
  void expect(char c) {
    if (accept(c)) return;
    fail(std::string("has no '") + c + "' before \"" + shown(rest_) + "\"");
  }
  // A little of foreign text, for messages.
  static std::string shown(std::string_view text) {
    std::string result(text.substr(0, 20));
    for (char& c : result) if (c < ' ' || c > '~') c = '?';
    return result;
  }

  // Python 2 may write u'...'. Nothing that belongs here has escapes.
  std::string read_string() {
    accept('u');
    const char mark = accept('\'') ? '\'' : '"';
    if (mark == '"') expect('"');
    const size_t end = rest_.find(mark);
    if (end == rest_.npos) fail("has a string without an end");
    std::string text(rest_.substr(0, end));
    if (text.find('\\') != text.npos) fail("has an escape in a string");
    rest_.remove_prefix(end + 1);
    return text;
  }

  void read_value(const std::string& key) {
    if (key == "descr") {
      once(descr_.has_value(), key);
      if (accept('[')) {
        refuse("describes records of several fields; an array of plain numbers is needed");
      }
      descr_ = read_string();
    } else if (key == "fortran_order") {
      once(fortran_order_.has_value(), key);
      fortran_order_ = accept("True");
      if (!*fortran_order_ && !accept("False")) fail("has a fortran_order that is no truth value");
    } else if (key == "shape") {
      once(shape_.has_value(), key);
      read_shape();
    } else {
      fail("has the unknown key \"" + shown(key) + "\"");
    }
  }
  void once(bool seen, const std::string& key) const {
    if (seen) fail("has '" + key + "' twice");
  }

  void read_shape() {
    expect('(');
    std::vector<int64_t> extents;
    while (!accept(')')) {
      if (extents.size() == Shape::kMaxRank) {
        refuse("has more than " + std::to_string(Shape::kMaxRank) + " extents");
      }
      extents.push_back(read_extent());
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    shape_ = std::move(extents);
  }
  int64_t read_extent() {
    skip_space();
    int64_t value = 0;
    const char* const end = rest_.data() + rest_.size();
    const auto parsed = std::from_chars(rest_.data(), end, value);
    if (parsed.ec != std::errc() || value < 0 || rest_[0] == '-') {
      fail("has the extent \"" + shown(rest_) + "\"");
    }
    rest_.remove_prefix(static_cast<size_t>(parsed.ptr - rest_.data()));
    accept('L');  // of Python 2
    return value;
  }

  void check_size(DataType dtype) const {
    std::optional<int64_t> bytes = bits_of(dtype) / 8;
    for (const int64_t extent : *shape_) {
      bytes = checked_mul(*bytes, std::max<int64_t>(extent, 1));
      if (!bytes) fail("has a shape whose size does not fit in 64 bits");
    }
  }

  void set_type(const std::string& descr, NpyHeader* header) const {
    const char order = descr.empty() ? ' ' : descr[0];
    const std::string_view code = std::string_view(descr).substr(descr.empty() ? 0 : 1);
    const bool ordered = order == '<' || order == '>' || order == '=' || order == '|';
    // Libraries that extend NumPy write bf16 as V2, and fp8 as V1 or, of some kinds, f1.
    if (ordered && (code.starts_with('V') || code == "f1")) {
      return set_void_type(descr, code.substr(1), header);
    }
    const auto dtype = find_npy_dtype(code);
    if (ordered && dtype) {
      header->dtype = *dtype;
      header->big_endian = order == '>';
      return;
    }
    std::string why = "declares elements of type \"" + shown(descr) + "\"";
    if (descr.find('O') != descr.npos) why += ", Python objects, which are never loaded";
    refuse(why);
  }

  void set_void_type(const std::string& descr, std::string_view size, NpyHeader* header) const {
    const std::string why = "declares elements of type \"" + shown(descr) + "\"";
    if (!void_dtype_) {
      refuse(why + ", which does not say what its bytes mean",
             "say it by the format option \"dtype\", such as bf16 or f8_e4m3");
    }
    if (!is_byte_sized(*void_dtype_) || std::to_string(bits_of(*void_dtype_) / 8) != size) {
      fail(why + "; " + std::string(to_string(*void_dtype_)) + " is of another size",
           ErrorCode::kInvalidArgument);
    }
    header->dtype = *void_dtype_;
    header->big_endian = descr[0] == '>';
  }

  std::string_view rest_;
  const std::string& what_;
  const std::optional<DataType> void_dtype_;
  std::optional<std::string> descr_;
  std::optional<bool> fortran_order_;
  std::optional<std::vector<int64_t>> shape_;
};

}  // namespace

NpyHeader parse_npy_header(std::string_view literal, const std::string& what,
                           std::optional<DataType> void_dtype) {
  return LiteralParser(literal, what, void_dtype).parse();
}

std::string to_npy_header(DataType dtype, const Shape& shape, const std::string& tensor) {
  constexpr size_t kAlignment = 64;
  const auto code = std::find_if(kCodes.begin(), kCodes.end(),
                                 [&](const auto& known) { return known.second == dtype; });
  if (code == kCodes.end()) {
    throw Error(ErrorCode::kUnsupported,
                "NumPy has no element type " + std::string(to_string(dtype)) + ", which tensor '" +
                    tensor + "' has",
                "cast it, to f32 for example, or write safetensors");
  }
  std::string literal = std::string("{'descr': '") + (bits_of(dtype) == 8 ? '|' : '<') +
                        std::string(code->first) + "', 'fortran_order': False, 'shape': (";
  for (const int64_t extent : shape.dims()) {
    literal += std::to_string(extent) + (shape.rank() == 1 ? "," : ", ");
  }
  if (shape.rank() > 1) literal.resize(literal.size() - 2);
  literal += "), }";
  const size_t used = (kNpyShortPrefix + literal.size() + 1) % kAlignment;
  literal.append(used == 0 ? 0 : kAlignment - used, ' ');
  literal += '\n';
  std::string header(kNpyMagic);
  header += {'\1', '\0', static_cast<char>(literal.size() & 0xff),
             static_cast<char>(literal.size() >> 8)};
  return header + literal;
}

}  // namespace ferrum
