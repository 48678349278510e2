#pragma once
// What lies at a location as users write it.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ferrum/weights/weight_catalogs.h"

namespace ferrum {

// The one file at `location`; nothing where a model's folder is meant. A path is looked at.
// Elsewhere, a name that ends as those of a format is a file's, and one that cannot be a file's
// ("hf:org/name", "s3://bucket/prefix/") is a folder's: neither is asked for. Any other is opened
// and is a file unless nothing can be read there, or a web server's page about a folder. Throws as
// parse_weight_source, but for what is no file's name.
std::optional<WeightSource> find_weight_file(const WeightCatalogs& catalogs,
                                             const std::string& location,
                                             const WeightLoaderConfig& config = {});

// The other files in which the one of `source` goes on: the later parts of a split file, the data
// beside it. Throws kInvalidFormat, and as opening it.
std::vector<WeightSource> find_further_files(const WeightCatalogs& catalogs,
                                             const WeightSource& source,
                                             const WeightLoaderConfig& config = {});

// As open_model of a location where find_weight_file has found no file: it does not look again.
std::unique_ptr<ModelFiles> open_model_folder(const WeightCatalogs& catalogs,
                                              const std::string& location,
                                              const WeightLoaderConfig& config = {});

}  // namespace ferrum
