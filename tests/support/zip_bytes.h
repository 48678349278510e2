#pragma once
// ZIP archives byte by byte, also such as no tool would write.

#include <zlib.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ferrum {

struct ZipPiece {
  std::string name;
  std::string data = {};  // as it lies in the archive
  uint16_t method = 0;
  uint16_t flags = 0;
  std::optional<uint32_t> bytes = {};  // declared; data.size() otherwise
  std::optional<uint32_t> crc32 = {};  // declared; that of `data` otherwise
  std::optional<uint32_t> offset = {};  // of the local header, as the directory says
  std::optional<std::string> local_name = {};
  std::string local_extra = {};
  std::string extra = {};  // of the directory
};

template <class T>
std::string little_endian(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

// The fields that local header and directory share, up to the lengths of name and extra.
inline std::string zip_fields(const ZipPiece& piece) {
  const auto* bytes = reinterpret_cast<const Bytef*>(piece.data.data());
  const auto size = static_cast<uint32_t>(piece.data.size());
  return little_endian<uint16_t>(20) + little_endian(piece.flags) + little_endian(piece.method) +
         std::string(4, '\0') +
         little_endian(piece.crc32.value_or(static_cast<uint32_t>(crc32(0, bytes, size)))) +
         little_endian(size) + little_endian(piece.bytes.value_or(size));
}

inline std::string zip_local(const ZipPiece& piece) {
  const std::string name = piece.local_name.value_or(piece.name);
  return "PK\3\4" + zip_fields(piece) + little_endian(static_cast<uint16_t>(name.size())) +
         little_endian(static_cast<uint16_t>(piece.local_extra.size())) + name +
         piece.local_extra + piece.data;
}

inline std::string zip_central(const ZipPiece& piece, uint32_t offset) {
  return std::string("PK\1\2\x14\0", 6) + zip_fields(piece) +
         little_endian(static_cast<uint16_t>(piece.name.size())) +
         little_endian(static_cast<uint16_t>(piece.extra.size())) + std::string(10, '\0') +
         little_endian(piece.offset.value_or(offset)) + piece.name + piece.extra;
}

inline std::string zip_end(uint16_t entries, uint32_t bytes, uint32_t offset,
                           std::string_view comment = {}) {
  return "PK\5\6" + std::string(4, '\0') + little_endian(entries) + little_endian(entries) +
         little_endian(bytes) + little_endian(offset) +
         little_endian(static_cast<uint16_t>(comment.size())) + std::string(comment);
}

inline std::string zip_bytes(const std::vector<ZipPiece>& pieces, std::string_view comment = {}) {
  std::string bytes, directory;
  for (const ZipPiece& piece : pieces) {
    directory += zip_central(piece, static_cast<uint32_t>(bytes.size()));
    bytes += zip_local(piece);
  }
  return bytes + directory + zip_end(static_cast<uint16_t>(pieces.size()),
                                     static_cast<uint32_t>(directory.size()),
                                     static_cast<uint32_t>(bytes.size()), comment);
}

// Raw deflate of `data`.
inline std::string deflated(std::string_view data) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
  std::string result(deflateBound(&stream, data.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(result.size());
  deflate(&stream, Z_FINISH);
  result.resize(stream.total_out);
  deflateEnd(&stream);
  return result;
}

}  // namespace ferrum
