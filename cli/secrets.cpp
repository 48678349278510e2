#include "cli/secrets.h"

#include <algorithm>

namespace ferrum::cli {
namespace {

// What follows "scheme://".
std::string_view redact_url(std::string_view rest) {
  rest = rest.substr(0, rest.find_first_of("?#"));
  const size_t at = rest.substr(0, rest.find('/')).rfind('@');
  return at == rest.npos ? rest : rest.substr(at + 1);
}

// What could be a URL whose scheme was forgotten. In "hf:org/name@revision" nothing is secret.
std::string redact_name(std::string_view word) {
  constexpr std::string_view kQuotes = "'\"(", kHub = "hf:";
  size_t begin = std::min(word.find_first_not_of(kQuotes), word.size());
  if (word.substr(begin).starts_with(kHub)) begin += kHub.size();
  std::string safe(word.substr(0, begin));
  std::string_view rest = word.substr(begin);
  const std::string_view host = rest.substr(0, rest.find('/'));
  if (const size_t at = host.rfind('@'); at != host.npos && host.find(':') < at) {
    rest.remove_prefix(at + 1);
  }
  const size_t query = rest.find('?');
  if (query == rest.npos || rest.find('=', query) == rest.npos) return safe.append(rest);
  const size_t end = rest.find_last_not_of("'\".,;:)") + 1;
  return safe.append(rest.substr(0, query)).append(rest.substr(end));
}

std::string redact(std::string_view word) {
  constexpr std::string_view kMark = "://";
  const size_t mark = word.find(kMark);
  if (mark == word.npos) return redact_name(word);
  const size_t begin = mark + kMark.size();
  return std::string(word.substr(0, begin)).append(redact_url(word.substr(begin)));
}

}  // namespace

std::string without_secrets(std::string_view text) {
  std::string safe;
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of(" \t\n"), text.size());
    safe += redact(text.substr(0, end));
    safe += text.substr(end, 1);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return safe;
}

}  // namespace ferrum::cli
