#include "weights/sources/url/url_location.h"

#include <algorithm>

#include "weights/http/http_headers.h"
#include "weights/http/url.h"

namespace ferrum {
namespace {

// `path_end` is how many bytes of `url` come before the name.
std::string with_name(const std::string& url, size_t path_end, std::string_view name) {
  const size_t query = std::min(url.find('?'), url.find('#'));
  const std::string rest = query == url.npos ? "" : url.substr(query, url.find('#') - query);
  return url.substr(0, path_end) + "/" + percent_encode(name, "/") + rest;
}

// Where the path ends: before a query or a fragment.
size_t end_of_path(const std::string& url) { return std::min(url.find_first_of("?#"), url.size()); }

}  // namespace

UrlLocation url_location(const WeightSource& source) {
  UrlLocation location;
  JsonReader reader(source.location, "url source");
  reader.require("url", location.url);
  reader.read("headers", location.headers);
  reader.finish();
  check_http_url(location.url);
  for (const auto& [name, value] : location.headers) check_header_field(name, value);
  return location;
}

WeightSource url_source(const UrlLocation& location) {
  WeightSource source;
  source.kind = "url";
  source.location["url"] = location.url;
  if (!location.headers.empty()) source.location["headers"] = location.headers;
  return source;
}

std::string url_beside(const std::string& url, std::string_view name) {
  const size_t slash = url.rfind('/', end_of_path(url) - 1);
  const size_t host = url.find("://") + 3;
  return with_name(url, slash < host ? end_of_path(url) : slash, name);
}

std::string url_in_folder(const std::string& url, std::string_view name) {
  size_t end = end_of_path(url);
  while (url[end - 1] == '/') --end;
  return with_name(url, end, name);
}

}  // namespace ferrum
