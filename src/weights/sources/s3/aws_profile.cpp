#include "weights/sources/s3/aws_profile.h"

#include "ferrum/types/error.h"

namespace ferrum {
namespace {

constexpr std::string_view kSpace = " \t\r";

std::string_view trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::string to_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// Up to a comment: " #" or " ;".
std::string_view without_comment(std::string_view value) {
  for (size_t i = 1; i < value.size(); ++i) {
    if ((value[i] == '#' || value[i] == ';') && kSpace.find(value[i - 1]) != kSpace.npos) {
      return trim(value.substr(0, i));
    }
  }
  return value;
}

class IniParser {
 public:
  explicit IniParser(const std::string& what) : what_(what) {}

  void parse_line(std::string_view line) {
    ++line_;
    const bool is_indented = !line.empty() && kSpace.find(line[0]) != kSpace.npos;
    const std::string_view text = trim(line);
    if (text.empty() || text[0] == '#' || text[0] == ';') return;
    if (text[0] == '[') {
      open_section(text);
    } else if (is_indented && !key_.empty()) {
      continue_value(text);
    } else {
      set(text, "");
    }
  }

  std::map<std::string, AwsSettings> take() { return std::move(sections_); }

 private:
  [[noreturn]] void fail(const std::string& why) const {
    throw Error(ErrorCode::kInvalidFormat, what_ + " line " + std::to_string(line_) + " " + why,
                "sections are [name] or [profile name], settings are key = value");
  }

  void open_section(std::string_view text) {
    const size_t end = text.find(']');
    if (end == text.npos) fail("opens a section without closing it by ']'");
    const std::string_view name = trim(text.substr(1, end - 1));
    if (name.empty()) fail("has a section without a name");
    section_ = &sections_[std::string(name)];
    key_.clear();
  }

  // A nested block under "key =", or one more line of a value, which no setting here has.
  void continue_value(std::string_view text) {
    if (section_->at(key_).empty()) set(text, key_ + ".");
  }

  void set(std::string_view text, const std::string& block) {
    const size_t equals = text.find('=');
    if (equals == text.npos) fail("is neither a section nor a setting");
    if (!section_) fail("comes before the first section");
    const std::string key = block + to_lower(trim(text.substr(0, equals)));
    if (key == block) fail("has a value without a key");
    (*section_)[key] = without_comment(trim(text.substr(equals + 1)));
    if (block.empty()) key_ = key;
  }

  const std::string& what_;
  std::map<std::string, AwsSettings> sections_;
  AwsSettings* section_ = nullptr;
  std::string key_;  // the last that was not nested
  int64_t line_ = 0;
};

struct SharedFile {
  std::string path;
  std::map<std::string, AwsSettings> sections;
};

SharedFile load_shared_file(const AwsEnvironment& environment, const std::string& variable,
                            const std::string& default_path) {
  SharedFile file;
  file.path = environment.variable(variable).value_or(default_path);
  if (const auto text = read_small_file(environment.expand_path(file.path))) {
    file.sections = parse_aws_ini(*text, file.path);
  }
  return file;
}

}  // namespace

std::map<std::string, AwsSettings> parse_aws_ini(std::string_view text, const std::string& what) {
  IniParser parser(what);
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    parser.parse_line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parser.take();
}

const std::string* AwsProfile::find(std::string_view key) const {
  const auto it = settings.find(key);
  return it == settings.end() || it->second.empty() ? nullptr : &it->second;
}

std::optional<AwsProfile> load_aws_profile(const AwsEnvironment& environment,
                                           const std::optional<std::string>& wanted) {
  const auto named = wanted ? wanted : environment.variable("AWS_PROFILE");
  AwsProfile profile{.name = named.value_or("default"), .files = {}, .settings = {}};
  const SharedFile credentials =
      load_shared_file(environment, "AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials");
  const SharedFile config = load_shared_file(environment, "AWS_CONFIG_FILE", "~/.aws/config");
  const auto add = [&](const SharedFile& file, const std::string& section) {
    const auto it = file.sections.find(section);
    if (it == file.sections.end()) return false;
    profile.settings.insert(it->second.begin(), it->second.end());  // the first to say it wins
    profile.files += (profile.files.empty() ? "" : ", ") + file.path;
    return true;
  };
  add(credentials, profile.name);
  if (!add(config, "profile " + profile.name) && profile.name == "default") {
    add(config, profile.name);
  }
  if (profile.files.empty()) {
    if (!named) return std::nullopt;
    throw Error(ErrorCode::kNotFound,
                "the AWS profile '" + profile.name + "' is neither in " + credentials.path +
                    " nor in " + config.path,
                wanted ? "" : "AWS_PROFILE names it: unset it or write the profile");
  }
  if (const std::string* services = profile.find("services")) {
    const auto it = config.sections.find("services " + *services);
    if (it != config.sections.end()) {
      for (const auto& [key, value] : it->second) profile.settings["services." + key] = value;
    }
  }
  return profile;
}

}  // namespace ferrum
