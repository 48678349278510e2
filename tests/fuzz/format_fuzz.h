#pragma once
// Any bytes as a file of a weight format: refused with an Error, or every tensor can be read to its
// end.

#include <cstdint>
#include <cstdlib>
#include <string>

#include "ferrum/weights/weight_catalogs.h"

namespace ferrum {

// Aborts when a view or a stream does not hold what the metadata says.
inline void read_all(const WeightReader& reader) {
  int64_t total = 0;
  for (const auto& [name, info] : reader.metadata().tensors) {
    int64_t left = info.size_bytes;
    unsigned sum = 0;
    reader.stream(name, 0, info.size_bytes, [&](std::span<const std::byte> chunk) {
      for (const std::byte byte : chunk) sum += static_cast<unsigned>(byte);
      left -= static_cast<int64_t>(chunk.size());
    });
    if (left != 0) std::abort();
    // The same bytes, perhaps in another order; there is none of what must be decoded.
    const Tensor view = reader.view(name);
    for (int64_t i = 0; view.defined() && i < view.size_bytes(); ++i) {
      sum -= static_cast<const uint8_t*>(view.raw_data())[i];
    }
    if (view.defined() && (sum != 0 || view.size_bytes() != info.size_bytes)) std::abort();
    total += info.size_bytes;
  }
  if (total != reader.metadata().total_size_bytes) std::abort();
}

// `always_viewed`: the format keeps no tensor in a form that must be decoded.
inline int fuzz_format(const std::string& format, const uint8_t* data, size_t size,
                       bool always_viewed) {
  static const WeightCatalogs catalogs = create_weight_catalogs();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const WeightSource source = WeightSource::memory(borrow_bytes(text), "fuzz." + format);
  try {
    const auto reader =
        catalogs.formats.get(format).open(catalogs.sources.get("memory").open(source));
    read_all(*reader);
    for (const auto& [name, info] : reader->metadata().tensors) {
      if (always_viewed && !reader->view(name).defined()) std::abort();
    }
  } catch (const Error&) {
  }
  return 0;
}

}  // namespace ferrum
