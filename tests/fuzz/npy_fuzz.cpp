// Any bytes as a .npy file: refused with an Error, or every tensor can be read to its end.

#include <cstdint>
#include <cstdlib>

#include "ferrum/weights/weight_catalogs.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ferrum;
  static const WeightCatalogs catalogs = create_weight_catalogs();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const WeightSource source = WeightSource::memory(borrow_bytes(text), "fuzz.npy");
  try {
    const auto reader = catalogs.formats.get("numpy")
                            .open(catalogs.sources.get("memory").open(source));
    int64_t total = 0;
    for (const auto& [name, info] : reader->metadata().tensors) {
      int64_t left = info.size_bytes;
      unsigned sum = 0;
      reader->stream(name, 0, info.size_bytes, [&](std::span<const std::byte> chunk) {
        for (const std::byte byte : chunk) sum += static_cast<unsigned>(byte);
        left -= static_cast<int64_t>(chunk.size());
      });
      if (left != 0) std::abort();
      // A view has the same bytes, perhaps in another order; there is none in the other byte order.
      const Tensor view = reader->view(name);
      for (int64_t i = 0; view.defined() && i < view.size_bytes(); ++i) {
        sum -= static_cast<const uint8_t*>(view.raw_data())[i];
      }
      if (view.defined() && sum != 0) std::abort();
      total += info.size_bytes;
    }
    if (total != reader->metadata().total_size_bytes) std::abort();
  } catch (const Error&) {
  }
  return 0;
}
