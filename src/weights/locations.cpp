// Where models and files lie, as users write it.

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>

#include "ferrum/types/error.h"
#include "ferrum/weights/weight_catalogs.h"
#include "ferrum/weights/weight_location.h"
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

// A location without what may follow the path of a URL.
std::string_view path_of(std::string_view location) {
  return location.substr(0, location.find_first_of("?#"));
}

// The file that `location` names; nothing for what names a folder by its form.
std::optional<WeightSource> parse_file(const SourcePart& part, const std::string& location) try {
  const std::string_view path = path_of(location);
  const size_t host = path.find("://");
  const bool has_name = host == path.npos || path.find('/', host + 3) != path.npos;
  if (!has_name || path.ends_with('/')) return std::nullopt;
  return part.parse(location);
} catch (const Error& error) {
  if (error.code() != ErrorCode::kInvalidArgument) throw;
  return std::nullopt;
}

// What a server tells of a folder where it has no file: a page, or a list as XML or JSON.
bool is_about_folder(const ByteSource& bytes) {
  std::array<char, 64> start{};
  const auto size = static_cast<size_t>(std::min<int64_t>(bytes.size(), start.size()));
  bytes.read(0, std::as_writable_bytes(std::span(start.data(), size)));
  const std::string_view text(start.data(), size);
  const size_t first = text.find_first_not_of(" \t\r\n");
  return first == text.npos || std::string_view("<{[").find(text[first]) != std::string_view::npos;
}

bool has_known_format(const FormatCatalog& formats, const ByteSource& bytes) {
  return std::any_of(formats.entries().begin(), formats.entries().end(),
                     [&](const auto& entry) { return entry.part.matches(bytes); });
}

// Nothing where there is no file to be read: whether it is a folder is for the folder to say.
std::optional<WeightFile> open_if_file(const FormatCatalog& formats, const ReaderCache& readers,
                                       const WeightSource& source) try {
  WeightFile file = readers.open_file(source);
  // Numbers at the beginning of a file may look like the beginning of a text.
  if (is_about_folder(*file.bytes) && !has_known_format(formats, *file.bytes)) return std::nullopt;
  return file;
} catch (const Error& error) {
  if (error.code() == ErrorCode::kCancelled) throw;
  return std::nullopt;
}

// The model that `file` is; null where its content is of no format that can be a model.
std::unique_ptr<ModelFiles> open_model_file(const WeightCatalogs& catalogs, const WeightFile& file,
                                            const WeightSource& source) {
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

bool has_extension(const FormatPart& format, std::string_view name) {
  return std::any_of(format.extensions.begin(), format.extensions.end(),
                     [&](const std::string& extension) { return name.ends_with(extension); });
}

bool is_named_as_weights(const FormatCatalog& formats, std::string_view name) {
  return std::any_of(formats.entries().begin(), formats.entries().end(),
                     [&](const auto& entry) { return has_extension(entry.part, name); });
}

bool is_weight_file(const FormatCatalog& formats, std::string_view name) {
  return std::any_of(formats.entries().begin(), formats.entries().end(), [&](const auto& entry) {
    return !entry.part.open_model && has_extension(entry.part, name);
  });
}

// A folder whose only weights are one file that is a model by itself is that model. Of several
// files, names tell which that may be.
std::unique_ptr<ModelFiles> choose_model(const WeightCatalogs& catalogs,
                                         std::unique_ptr<ModelFiles> files,
                                         const ReaderCache& readers) {
  std::vector<std::string> models;
  const std::vector<std::string> names = files->names();
  for (const std::string& name : names) {
    if (is_weight_file(catalogs.formats, name)) return files;
    if (may_be_model(catalogs.formats, name)) models.push_back(name);
  }
  if (models.empty() && names.size() == 1) models = names;
  if (models.empty()) return files;
  if (models.size() > 1) {
    std::string list;
    for (const std::string& name : models) list += (list.empty() ? "" : ", ") + name;
    throw Error(ErrorCode::kInvalidArgument, files->location() + " holds several models: " + list,
                "name one of the files");
  }
  const WeightSource source = files->weight_source(models[0]);
  auto model = open_model_file(catalogs, readers.open_file(source), source);
  return model ? std::move(model) : std::move(files);
}

// The model that is one file of this machine; null for a folder.
std::unique_ptr<ModelFiles> open_model_here(const WeightCatalogs& catalogs, const std::string& path,
                                            const ReaderCache& readers) {
  std::error_code unknown;
  if (!std::filesystem::is_regular_file(path, unknown)) return nullptr;
  const WeightSource source = WeightSource::file(path);
  return open_model_file(catalogs, readers.open_file(source), source);
}

// The model that is one file elsewhere; null for a folder.
std::unique_ptr<ModelFiles> open_model_there(const WeightCatalogs& catalogs, const SourcePart& part,
                                             const std::string& location,
                                             const ReaderCache& readers) {
  const std::string_view path = path_of(location);
  if (is_weight_file(catalogs.formats, path)) return nullptr;
  const auto source = parse_file(part, location);
  if (!source) return nullptr;
  if (may_be_model(catalogs.formats, path)) {
    return open_model_file(catalogs, readers.open_file(*source), *source);
  }
  const auto file = open_if_file(catalogs.formats, readers, *source);
  if (!file) return nullptr;
  if (auto model = open_model_file(catalogs, *file, *source)) return model;
  throw Error(ErrorCode::kInvalidArgument, file->bytes->name() + " is a file, and no whole model",
              "name the folder that holds config.json and the weights");
}

// Where only a file can be meant, what is wrong with it is thrown.
std::unique_ptr<ModelFiles> open_folder_there(const SourcePart& part, const std::string& location,
                                              const WeightLoaderConfig& config,
                                              const ReaderCache& readers) try {
  return part.open_model(location, config);
} catch (const Error& error) {
  const auto source = parse_file(part, location);
  if (error.code() == ErrorCode::kInvalidArgument && source) readers.open_bytes(*source);
  throw;
}

}  // namespace

std::unique_ptr<ModelFiles> open_model(const WeightCatalogs& catalogs, const std::string& location,
                                       const WeightLoaderConfig& config) {
  const SourcePart* part = find_source(catalogs, location);
  const ReaderCache readers(catalogs, config);
  auto model = part ? open_model_there(catalogs, *part, location, readers)
                    : open_model_here(catalogs, location, readers);
  return model ? std::move(model) : open_model_folder(catalogs, location, config);
}

std::unique_ptr<ModelFiles> open_model_folder(const WeightCatalogs& catalogs,
                                              const std::string& location,
                                              const WeightLoaderConfig& config) {
  const SourcePart* part = find_source(catalogs, location);
  const ReaderCache readers(catalogs, config);
  auto files = part ? open_folder_there(*part, location, config, readers)
                    : open_directory(catalogs, location);
  return choose_model(catalogs, std::move(files), readers);
}

std::optional<WeightSource> find_weight_file(const WeightCatalogs& catalogs,
                                             const std::string& location,
                                             const WeightLoaderConfig& config) {
  const SourcePart* part = find_source(catalogs, location);
  const bool is_named = is_named_as_weights(catalogs.formats, path_of(location));
  if (!part) {
    std::error_code unknown;
    const auto status = std::filesystem::status(location, unknown);
    const bool is_file = exists(status) ? !is_directory(status) : is_named;
    return is_file ? std::optional(WeightSource::file(location)) : std::nullopt;
  }
  auto source = parse_file(*part, location);
  if (source && !is_named &&
      !open_if_file(catalogs.formats, ReaderCache(catalogs, config), *source)) {
    return std::nullopt;
  }
  return source;
}

std::vector<WeightSource> find_further_files(const WeightCatalogs& catalogs,
                                             const WeightSource& source,
                                             const WeightLoaderConfig& config) {
  return ReaderCache(catalogs, config).further_files_of(source);
}

WeightSource parse_weight_source(const WeightCatalogs& catalogs, const std::string& location) {
  const SourcePart* part = find_source(catalogs, location);
  return part ? part->parse(location) : WeightSource::file(location);
}

}  // namespace ferrum
