// Where models and files lie, as users write it.

#include "ferrum/types/error.h"
#include "ferrum/weights/weight_catalogs.h"

namespace ferrum {
namespace {

// The part whose prefix `location` begins with; null for a path.
const SourcePart* find_source(const WeightCatalogs& catalogs, const std::string& location) {
  std::string known;
  for (const auto& entry : catalogs.sources.entries()) {
    for (const std::string& prefix : entry.part.prefixes) {
      if (location.starts_with(prefix)) return &entry.part;
      known += (known.empty() ? "" : ", ") + prefix;
    }
  }
  if (location.find("://") == std::string::npos) return nullptr;
  std::string missing;
  for (const auto& part : catalogs.sources.missing()) {
    missing += "; " + part.name + " is not in this build: " + part.reason;
  }
  throw Error(ErrorCode::kUnsupported,
              "nothing here opens " + location.substr(0, location.find("://") + 3) + "...",
              "a path" + (known.empty() ? "" : ", or one of " + known) + missing);
}

}  // namespace

std::unique_ptr<ModelFiles> open_model(const WeightCatalogs& catalogs, const std::string& location,
                                       const WeightLoaderConfig& config) {
  const SourcePart* part = find_source(catalogs, location);
  return part ? part->open_model(location, config) : open_model_directory(location);
}

WeightSource parse_weight_source(const WeightCatalogs& catalogs, const std::string& location) {
  const SourcePart* part = find_source(catalogs, location);
  return part ? part->parse(location) : WeightSource::file(location);
}

}  // namespace ferrum
