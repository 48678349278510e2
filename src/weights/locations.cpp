// Where models and files lie, as users write it.

#include <algorithm>
#include <filesystem>

#include "ferrum/types/error.h"
#include "ferrum/weights/weight_catalogs.h"
#include "weights/reader_cache.h"

namespace ferrum {
namespace {

// "hf:, s3://, https://".
std::string known_prefixes(const WeightCatalogs& catalogs) {
  std::string known;
  for (const auto& entry : catalogs.sources.entries()) {
    for (const std::string& prefix : entry.part.prefixes) {
      known += (known.empty() ? "" : ", ") + prefix;
    }
  }
  return known;
}

std::unique_ptr<ModelFiles> open_directory(const WeightCatalogs& catalogs,
                                           const std::string& path) try {
  return open_model_directory(path);
} catch (const Error& error) {
  const std::string known = known_prefixes(catalogs);
  if (error.code() != ErrorCode::kNotFound || known.empty()) throw;
  throw Error(error.code(), error.message(), "a model elsewhere begins with one of " + known);
}

// The part whose prefix `location` begins with; null for a path.
const SourcePart* find_source(const WeightCatalogs& catalogs, const std::string& location) {
  for (const auto& entry : catalogs.sources.entries()) {
    for (const std::string& prefix : entry.part.prefixes) {
      if (location.starts_with(prefix)) return &entry.part;
      if (prefix.ends_with("//") && location.starts_with(prefix.substr(0, prefix.size() - 2))) {
        // Not shown: it may hold a password.
        throw Error(ErrorCode::kInvalidArgument,
                    "a location that begins with " + prefix.substr(0, prefix.size() - 2) +
                        " lacks its two slashes",
                    "write " + prefix + "...");
      }
    }
  }
  if (location.find("://") == std::string::npos) return nullptr;
  const std::string known = known_prefixes(catalogs);
  std::string missing;
  for (const auto& part : catalogs.sources.missing()) {
    missing += "; " + part.name + " is not in this build: " + part.reason;
  }
  throw Error(ErrorCode::kUnsupported,
              "nothing here opens " + location.substr(0, location.find("://") + 3) + "...",
              "a path" + (known.empty() ? "" : ", or one of " + known) + missing);
}

// The model in one file; null where its content is of no format that can be a model.
std::unique_ptr<ModelFiles> open_model_file(const WeightCatalogs& catalogs,
                                            const WeightSource& source,
                                            const WeightLoaderConfig& config) {
  const ReaderCache readers(catalogs, config);
  const WeightFile file = readers.open_file(source);
  for (const auto& entry : catalogs.formats.entries()) {
    if (entry.part.open_model && entry.part.matches(*file.bytes)) {
      return entry.part.open_model(file, source);
    }
  }
  return nullptr;
}

bool may_be_model(const FormatCatalog& formats, std::string_view name) {
  return std::any_of(formats.entries().begin(), formats.entries().end(), [&](const auto& entry) {
    return entry.part.may_be_model && entry.part.may_be_model(name);
  });
}

bool is_weight_file(const FormatCatalog& formats, std::string_view name) {
  return std::any_of(formats.entries().begin(), formats.entries().end(), [&](const auto& entry) {
    const auto& extensions = entry.part.extensions;
    return !entry.part.open_model &&
           std::any_of(extensions.begin(), extensions.end(),
                       [&](const std::string& extension) { return name.ends_with(extension); });
  });
}

// A folder whose only weights are one file that is a model by itself is that model.
std::unique_ptr<ModelFiles> choose_model(const WeightCatalogs& catalogs,
                                         std::unique_ptr<ModelFiles> files,
                                         const WeightLoaderConfig& config) {
  std::vector<std::string> models;
  for (const std::string& name : files->names()) {
    if (is_weight_file(catalogs.formats, name)) return files;
    if (may_be_model(catalogs.formats, name)) models.push_back(name);
  }
  if (models.empty()) return files;
  if (models.size() > 1) {
    std::string list;
    for (const std::string& name : models) list += (list.empty() ? "" : ", ") + name;
    throw Error(ErrorCode::kInvalidArgument, files->location() + " holds several models: " + list,
                "name one of the files");
  }
  auto model = open_model_file(catalogs, files->weight_source(models[0]), config);
  return model ? std::move(model) : std::move(files);
}

}  // namespace

std::unique_ptr<ModelFiles> open_model(const WeightCatalogs& catalogs, const std::string& location,
                                       const WeightLoaderConfig& config) {
  const SourcePart* part = find_source(catalogs, location);
  std::error_code unknown;
  const std::string_view name = std::string_view(location).substr(0, location.find_first_of("?#"));
  const bool is_file = part ? may_be_model(catalogs.formats, name)
                            : std::filesystem::is_regular_file(location, unknown);
  if (is_file) {
    auto model = open_model_file(catalogs, parse_weight_source(catalogs, location), config);
    if (model) return model;
  }
  return choose_model(
      catalogs, part ? part->open_model(location, config) : open_directory(catalogs, location),
      config);
}

WeightSource parse_weight_source(const WeightCatalogs& catalogs, const std::string& location) {
  const SourcePart* part = find_source(catalogs, location);
  return part ? part->parse(location) : WeightSource::file(location);
}

}  // namespace ferrum
