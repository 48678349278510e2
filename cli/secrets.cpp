#include "cli/secrets.h"

#include <algorithm>

namespace ferrum::cli {
namespace {

constexpr std::string_view kMark = "://";

// What follows the mark up to the blank.
std::string_view redact(std::string_view rest) {
  rest = rest.substr(0, rest.find_first_of("?#"));
  const size_t at = rest.substr(0, rest.find('/')).rfind('@');
  return at == rest.npos ? rest : rest.substr(at + 1);
}

}  // namespace

std::string without_secrets(std::string_view text) {
  std::string safe;
  size_t mark = 0;
  while ((mark = text.find(kMark)) != text.npos) {
    const size_t begin = mark + kMark.size();
    const size_t end = std::min(text.find_first_of(" \t\n", begin), text.size());
    safe += text.substr(0, begin);
    safe += redact(text.substr(begin, end - begin));
    text.remove_prefix(end);
  }
  return safe.append(text);
}

}  // namespace ferrum::cli
