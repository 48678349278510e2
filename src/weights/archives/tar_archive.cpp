#include "weights/archives/tar_archive.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "ferrum/types/checked.h"
#include "ferrum/types/error.h"

namespace ferrum {
namespace {

constexpr int64_t kBlockBytes = kTarHeaderBytes;
constexpr int64_t kMaxPaxBytes = int64_t{64} << 10;
constexpr char kPaxHeader = 'x', kPaxGlobalHeader = 'g';

// A text that ends at a NUL or with its field.
std::string_view text_field(std::span<const std::byte> header, size_t begin, size_t size) {
  const std::string_view field(reinterpret_cast<const char*>(header.data()) + begin, size);
  return field.substr(0, std::min(field.find('\0'), size));
}

// Octal digits between spaces, or 95 bits in base 256 behind a byte of 0x80.
std::optional<int64_t> number_field(std::span<const std::byte> header, size_t begin, size_t size) {
  const auto field = header.subspan(begin, size);
  if (field[0] == std::byte{0x80}) {
    uint64_t value = 0;
    for (const std::byte byte : field.subspan(1)) {
      if (value >> 55 != 0) return std::nullopt;
      value = value << 8 | static_cast<uint64_t>(byte);
    }
    return static_cast<int64_t>(value);
  }
  std::string_view text = text_field(header, begin, size);
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  while (text.ends_with(' ')) text.remove_suffix(1);
  int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value, 8);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
  return whole && value >= 0 ? std::optional(value) : std::nullopt;
}

class TarReader {
 public:
  explicit TarReader(const ByteSource& source) : source_(source) {}

  std::vector<TarArchive::Entry> run() {
    std::array<std::byte, kTarHeaderBytes> header{};
    for (int64_t at = 0; at < source_.size();) {
      if (source_.size() - at < kBlockBytes) refuse("ends inside a header");
      source_.read(at, header);
      const bool blank = std::all_of(header.begin(), header.end(),
                                     [](std::byte byte) { return byte == std::byte{0}; });
      if (blank) break;
      if (!is_tar_header(header)) refuse("has no header at byte " + std::to_string(at));
      at = read_entry(header, at + kBlockBytes);
    }
    return std::move(entries_);
  }

 private:
  [[noreturn]] void refuse(const std::string& why,
                           ErrorCode code = ErrorCode::kInvalidFormat) const {
    throw Error(code, source_.name() + " is a tar archive that " + why);
  }

  // Where the next header is.
  int64_t read_entry(std::span<const std::byte> header, int64_t begin) {
    const auto stated = number_field(header, 124, 12);
    if (!stated) refuse("has a size that is no number");
    const char type = static_cast<char>(header[156]);
    const bool pax = type == kPaxHeader || type == kPaxGlobalHeader;
    const int64_t bytes = pax ? *stated : pax_bytes_.value_or(*stated);
    if (bytes > source_.size() - begin) {
      refuse("has a file of " + std::to_string(bytes) + " bytes, which reaches past its end");
    }
    if (pax) {
      if (type == kPaxHeader) read_pax(begin, bytes);
    } else {
      add_entry(type, header, begin, bytes);
    }
    return begin + (bytes + kBlockBytes - 1) / kBlockBytes * kBlockBytes;
  }

  void add_entry(char type, std::span<const std::byte> header, int64_t begin, int64_t bytes) {
    if (type != '0' && type != '\0') {
      refuse("has an entry of type " + std::to_string(static_cast<unsigned char>(type)) +
                 ", which is no plain file",
             ErrorCode::kUnsupported);
    }
    if (entries_.size() == kMaxTarEntries) {
      refuse("has more than " + std::to_string(kMaxTarEntries) + " files");
    }
    std::string name = pax_name_.value_or(std::string(text_field(header, 0, 100)));
    for (const auto& entry : entries_) {
      if (entry.name == name) refuse("has two files of the same name");
    }
    entries_.push_back({std::move(name), begin, bytes});
    pax_name_.reset();
    pax_bytes_.reset();
  }

  // Lines "17 path=weights\n" with their own length, about the entry that follows.
  void read_pax(int64_t begin, int64_t bytes) {
    if (bytes > kMaxPaxBytes) refuse("has an extended header of " + std::to_string(bytes) +
                                     " bytes");
    std::string text(static_cast<size_t>(bytes), '\0');
    source_.read(begin, std::as_writable_bytes(std::span(text)));
    for (std::string_view rest = text; !rest.empty();) {
      size_t length = 0;
      const auto parsed = std::from_chars(rest.data(), rest.data() + rest.size(), length);
      const auto digits = static_cast<size_t>(parsed.ptr - rest.data());
      if (parsed.ec != std::errc() || length > rest.size() || length < digits + 2 ||
          rest[digits] != ' ' || rest[length - 1] != '\n') {
        refuse("has an extended header that cannot be read");
      }
      set_pax(rest.substr(digits + 1, length - digits - 2));
      rest.remove_prefix(length);
    }
  }
  void set_pax(std::string_view line) {
    if (line.starts_with("path=")) pax_name_ = line.substr(5);
    if (!line.starts_with("size=")) return;
    int64_t value = 0;
    line.remove_prefix(5);
    const auto parsed = std::from_chars(line.data(), line.data() + line.size(), value);
    if (parsed.ec != std::errc() || parsed.ptr != line.data() + line.size() || value < 0) {
      refuse("has a size that is no number");
    }
    pax_bytes_ = value;
  }

  const ByteSource& source_;
  std::vector<TarArchive::Entry> entries_;
  std::optional<std::string> pax_name_;
  std::optional<int64_t> pax_bytes_;
};

}  // namespace

TarArchive::TarArchive(const ByteSource& source) : entries_(TarReader(source).run()) {}

const TarArchive::Entry* TarArchive::find(std::string_view name) const {
  const auto it = std::find_if(entries_.begin(), entries_.end(),
                               [&](const Entry& entry) { return entry.name == name; });
  return it == entries_.end() ? nullptr : &*it;
}

bool is_tar_header(std::span<const std::byte> bytes) {
  constexpr size_t kSum = 148, kSumBytes = 8;
  if (bytes.size() < kTarHeaderBytes) return false;
  const auto header = bytes.first(kTarHeaderBytes);
  int64_t sum = 0;  // its own field counts as spaces
  for (size_t i = 0; i < header.size(); ++i) {
    const bool own = i >= kSum && i < kSum + kSumBytes;
    sum += own ? ' ' : static_cast<unsigned char>(header[i]);
  }
  return number_field(header, kSum, kSumBytes) == sum;
}

}  // namespace ferrum
