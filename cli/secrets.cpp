#include "cli/secrets.h"

#include <algorithm>

namespace ferrum::cli {
namespace {

// What follows "user:password@". A secret of S3 may have a slash that nobody has escaped: what
// stands before it is no host then, since behind the colon comes no port.
std::string_view without_user(std::string_view rest) {
  const std::string_view host = rest.substr(0, rest.find('/'));
  const size_t colon = host.rfind(':');
  const bool has_port = colon != host.npos && colon + 1 < host.size() &&
                        host.find_first_not_of("0123456789", colon + 1) == host.npos;
  const bool is_host = host.find('@') != host.npos || colon == host.npos || has_port;
  const size_t at = (is_host ? host : rest).rfind('@');
  return at == rest.npos ? rest : rest.substr(at + 1);
}

// What follows "scheme://".
std::string_view redact_url(std::string_view rest) {
  return without_user(rest.substr(0, rest.find_first_of("?#")));
}

// What could be a URL whose scheme was forgotten. In "hf:org/name@revision" nothing is secret.
std::string redact_name(std::string_view word) {
  constexpr std::string_view kQuotes = "'\"(", kHub = "hf:";
  size_t begin = std::min(word.find_first_not_of(kQuotes), word.size());
  if (word.substr(begin).starts_with(kHub)) begin += kHub.size();
  std::string safe(word.substr(0, begin));
  std::string_view rest = word.substr(begin);
  const std::string_view path = rest.substr(0, rest.find('?'));
  if (path.find(':') < path.rfind('@')) {
    rest.remove_prefix(path.size() - without_user(path).size());
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
