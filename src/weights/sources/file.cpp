// A file on this machine, mapped read-only.

#include "ferrum/types/json.h"
#include "ferrum/weights/byte_source.h"
#include "weights/mapped_file.h"
#include "weights/open_file.h"

namespace ferrum {
namespace {

std::string path_of(const WeightSource& source) {
  std::string path;
  JsonReader reader(source.location, "file source");
  reader.require("path", path);
  reader.finish();
  return path;
}

}  // namespace

void register_file(SourceCatalog& catalog) {
  catalog.add("file", {"a file on this machine, memory-mapped",
                       [](const WeightSource& source) -> std::unique_ptr<ByteSource> {
                         return open_mapped_file(path_of(source));
                       },
                       [](const WeightSource& source) { return stamp_of_file(path_of(source)); }});
}

}  // namespace ferrum
