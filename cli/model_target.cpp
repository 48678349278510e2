#include "cli/model_target.h"

#include <algorithm>
#include <array>
#include <filesystem>

namespace ferrum::cli {

bool is_one_file(const std::string& target, const FormatCatalog& formats) {
  if (is_here(target)) {
    std::error_code unknown;
    return !std::filesystem::is_directory(target, unknown);
  }
  const std::string path = target.substr(0, target.find_first_of("?#"));
  for (const auto& format : formats.entries()) {
    for (const std::string& extension : format.part.extensions) {
      if (path.ends_with(extension)) return true;
    }
  }
  return false;
}

bool is_here(const std::string& target) {
  std::error_code unknown;
  return std::filesystem::exists(target, unknown);
}

bool is_beside_weights(std::string_view name) {
  constexpr std::array kEndings{".json", ".txt", ".jinja", ".model", ".tiktoken"};
  return std::any_of(kEndings.begin(), kEndings.end(),
                     [&](const char* ending) { return name.ends_with(ending); });
}

}  // namespace ferrum::cli
