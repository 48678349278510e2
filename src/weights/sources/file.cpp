// A file on this machine, mapped read-only.

#include <algorithm>
#include <filesystem>

#include "ferrum/types/error.h"
#include "ferrum/types/json.h"
#include "ferrum/weights/source_part.h"
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

// Relative names alone keep to the folder; links may lead on to where a cache of the Hub keeps the
// content of its files, <repository>/snapshots/<commit>/... to <repository>/blobs, and to no other
// place. A hard link could be a second name of anything.
WeightSource sibling_of(const WeightSource& source, std::string_view name) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::path(path_of(source)).parent_path();
  const fs::path path = folder / name;
  const auto refuse = [&](const std::string& why) {
    throw Error(ErrorCode::kInvalidFormat,
                path_of(source) + " refers to " + path.string() + ", " + why);
  };
  std::error_code failed;
  const fs::path root = fs::canonical(folder.empty() ? "." : folder, failed);
  const fs::path target = failed ? fs::path() : fs::canonical(path, failed);
  if (failed) throw Error(ErrorCode::kNotFound, "there is no file " + path.string());
  const auto lies_in = [&](const fs::path& place) {
    return std::mismatch(place.begin(), place.end(), target.begin(), target.end()).first ==
           place.end();
  };
  bool inside = lies_in(root);
  for (fs::path at = root; !inside && at.has_relative_path(); at = at.parent_path()) {
    if (at.filename() == "snapshots") inside = lies_in(at.parent_path() / "blobs");
  }
  if (!inside) refuse("a link that leads out of the model's folder");
  if (!fs::is_regular_file(target, failed)) refuse("which is not a regular file");
  if (fs::hard_link_count(target, failed) > 1) refuse("a file with several hard links");
  return WeightSource::file(path);
}

}  // namespace

void register_file(SourceCatalog& catalog) {
  catalog.add("file", {.description = "a file on this machine, memory-mapped",
                       .open = [](const WeightSource& source, const WeightLoaderConfig&)
                           -> std::unique_ptr<ByteSource> {
                         return open_mapped_file(path_of(source));
                       },
                       .stamp = [](const WeightSource& source, const WeightLoaderConfig&) {
                         return stamp_of_file(path_of(source));
                       },
                       .sibling = sibling_of});
}

}  // namespace ferrum
