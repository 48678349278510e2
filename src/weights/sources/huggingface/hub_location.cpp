#include "weights/sources/huggingface/hub_location.h"

#include <algorithm>
#include <regex>

#include "ferrum/types/error.h"
#include "ferrum/types/json.h"
#include "weights/model_file_name.h"

namespace ferrum {
namespace {

constexpr std::string_view kPrefix = "hf:";
constexpr const char* kHowTo =
    "a model is hf:org/name[@revision], a file hf:org/name[@revision]/path/file";

// Shows no more than what may be a name: not what was meant as a URL with its password or query.
[[noreturn]] void refuse(const std::string& what, const std::string& text) {
  const size_t end = text.find_first_of(":?#", text.starts_with(kPrefix) ? kPrefix.size() : 0);
  const std::string shown = end == text.npos ? text : text.substr(0, end) + "...";
  throw Error(ErrorCode::kInvalidArgument, "'" + shown + "' is not " + what, kHowTo);
}

void check_repo_id(const std::string& id) {
  static const std::regex kId(R"((\w[\w.-]{0,95}/)?\w([\w.-]{0,94}\w)?)",
                              std::regex::ECMAScript | std::regex::optimize);
  if (!std::regex_match(id, kId) || id.find("--") != std::string::npos ||
      id.find("..") != std::string::npos || id.ends_with(".git")) {
    refuse("the name of a model on the Hub", id);
  }
}

void check(const HubLocation& location) {
  check_repo_id(location.repo_id);
  if (!is_model_file_name(location.revision)) refuse("a revision", location.revision);
  if (!location.filename.empty() && !is_model_file_name(location.filename)) {
    refuse("the name of a file in a model", location.filename);
  }
}

std::string_view without_prefix(const std::string& location) {
  std::string_view text = location;
  if (!text.starts_with(kPrefix)) refuse("a location on the Hub", location);
  text.remove_prefix(kPrefix.size());
  if (text.starts_with("//")) text.remove_prefix(2);
  return text;
}

// %2F and %2f become slashes, nothing else is escaped.
std::string unescape_slashes(std::string_view text) {
  static const std::regex kSlash("%2[Ff]");
  return std::regex_replace(std::string(text), kSlash, "/");
}

}  // namespace

std::string HubLocation::to_string() const {
  std::string text = std::string(kPrefix) + repo_id;
  if (revision != "main") text += "@" + revision;
  if (!filename.empty()) text += "/" + filename;
  return text;
}

HubLocation parse_hub_model(const std::string& location) {
  const std::string_view text = without_prefix(location);
  HubLocation result;
  const size_t at = text.find('@');
  result.repo_id = text.substr(0, at);
  if (at != std::string_view::npos) result.revision = unescape_slashes(text.substr(at + 1));
  check(result);
  return result;
}

HubLocation parse_hub_file(const std::string& location) {
  const std::string_view text = without_prefix(location);
  HubLocation result;
  // The name of the model ends at the revision, else at the second slash.
  const size_t at = text.find('@');
  size_t end = at;
  if (at == std::string_view::npos) {
    end = text.find('/');
    if (end != std::string_view::npos) end = text.find('/', end + 1);
  }
  const size_t file = end == std::string_view::npos ? end : text.find('/', end);
  if (file == std::string_view::npos || file + 1 == text.size()) {
    refuse("the location of a file on the Hub", location);
  }
  result.repo_id = text.substr(0, end);
  if (at != std::string_view::npos) {
    result.revision = unescape_slashes(text.substr(at + 1, file - at - 1));
  }
  result.filename = text.substr(file + 1);
  check(result);
  return result;
}

HubLocation parse_hub_source(const WeightSource& source) {
  HubLocation result;
  JsonReader reader(source.location, "huggingface source");
  reader.require("repo_id", result.repo_id);
  reader.require("filename", result.filename);
  reader.read("revision", result.revision);
  if (std::string folder; reader.read("cache_dir", folder)) result.cache_dir = std::move(folder);
  reader.finish();
  if (result.filename.empty()) refuse("the name of a file in a model", result.filename);
  check(result);
  return result;
}

WeightSource hub_source(const HubLocation& location) {
  WeightSource source;
  source.kind = "huggingface";
  source.location = {{"repo_id", location.repo_id},
                     {"filename", location.filename},
                     {"revision", location.revision}};
  if (location.cache_dir) source.location["cache_dir"] = *location.cache_dir;
  return source;
}

}  // namespace ferrum
