#include "ferrum/weights/weight_writer.h"

#include <algorithm>

#include "ferrum/weights/weight_catalogs.h"

namespace ferrum {
namespace {

bool has_extension(const FormatPart& part, const std::string& path) {
  return std::any_of(part.extensions.begin(), part.extensions.end(),
                     [&](const std::string& extension) { return path.ends_with(extension); });
}

}  // namespace

std::unique_ptr<WeightWriter> create_weight_writer(const FormatCatalog& formats,
                                                   const WriteRequest& request,
                                                   const WeightFormat& format) {
  if (!format.empty()) formats.get(format);  // says what there is, and why not
  std::string written, extensions;
  for (const auto& [name, part] : formats.entries()) {
    if (!part.create_writer) continue;
    if (format.empty() ? has_extension(part, request.path) : name == format) {
      return part.create_writer(request);
    }
    written += (written.empty() ? "formats that can be written: " : ", ") + name;
    for (const std::string& extension : part.extensions) {
      extensions += (extensions.empty() ? "" : ", ") + extension;
    }
  }
  if (format.empty()) written += "; the name ends in one of " + extensions;
  throw Error(ErrorCode::kUnsupported,
              format.empty() ? "the name of " + request.path + " says no format to write"
                             : "files of the format " + format + " are only read",
              written);
}

}  // namespace ferrum
