#pragma once
// {"url", "headers"?}: where a file of a web server lies.

#include <map>
#include <string>
#include <string_view>

#include "ferrum/weights/weight_source.h"

namespace ferrum {

struct UrlLocation {
  std::string url;                             // http or https; its query may be a secret
  std::map<std::string, std::string> headers;  // sent to its origin alone
};

// Throws kInvalidArgument.
UrlLocation url_location(const WeightSource& source);
WeightSource url_source(const UrlLocation& location);

// The file `name`, as is_model_file_name allows, beside the file at `url` or in the folder at
// `url`. The query stays: it may be what opens the whole folder.
std::string url_beside(const std::string& url, std::string_view name);
std::string url_in_folder(const std::string& url, std::string_view name);

}  // namespace ferrum
