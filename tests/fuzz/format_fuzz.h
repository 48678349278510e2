#pragma once
// Any bytes as a file of a weight format: refused with an Error, or every tensor can be read to its
// end.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "ferrum/weights/weight_catalogs.h"
#include "weights/element_pipeline.h"

namespace ferrum {

constexpr int64_t kMaxFuzzBytes = int64_t{64} << 20;  // a strided view may repeat its elements

// Aborts when what is decoded does not hold what the metadata says.
inline void read_all(const WeightReader& reader) {
  int64_t total = 0;
  volatile unsigned sum = 0;  // every byte is read
  for (const auto& [name, info] : reader.metadata().tensors) {
    total += info.size_bytes;
    if (const auto stored = reader.find_stored(name)) {
      const Tensor view = stored->extent.over(stored->bytes->storage());
      if (view.size_bytes() != info.size_bytes) std::abort();
      if (info.size_bytes > kMaxFuzzBytes) continue;
      std::vector<std::byte> out(static_cast<size_t>(info.size_bytes));
      ElementPipeline(info.dtype).gather(view, out.data(), [](int64_t) {});
      for (const std::byte byte : out) sum = sum + static_cast<unsigned>(byte);
      continue;
    }
    if (info.size_bytes > kMaxFuzzBytes) continue;
    int64_t left = info.size_bytes;
    reader.decode(name, 0, info.size_bytes, [&](std::span<const std::byte> chunk) {
      for (const std::byte byte : chunk) sum = sum + static_cast<unsigned>(byte);
      left -= static_cast<int64_t>(chunk.size());
    });
    if (left != 0) std::abort();
  }
  if (total != reader.metadata().total_size_bytes) std::abort();
}

inline const WeightCatalogs& fuzz_catalogs() {
  static const WeightCatalogs catalogs = create_weight_catalogs();
  return catalogs;
}

inline WeightSource fuzz_source(const std::string& format, const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  return WeightSource::memory(borrow_bytes(text), "fuzz." + format);
}

// All bytes lie in memory, and no file beside them.
inline WeightFile open_lone_file(const WeightSource& source) {
  return {fuzz_catalogs().sources.get("memory").open(source, {}), source.format_options,
          [](std::string_view) -> std::shared_ptr<const ByteSource> {
            throw Error(ErrorCode::kNotFound, "nothing lies beside it");
          }};
}

// A tensor of any bytes as a file of `format`: refused with an Error, or read to its end.
inline int fuzz_format(const std::string& format, const uint8_t* data, size_t size) {
  try {
    const WeightFile file = open_lone_file(fuzz_source(format, data, size));
    const FormatPart& part = fuzz_catalogs().formats.get(format);
    part.matches(*file.bytes);
    if (part.further_parts) part.further_parts(file);
    read_all(*part.open(file));
  } catch (const Error&) {
  }
  return 0;
}

}  // namespace ferrum
