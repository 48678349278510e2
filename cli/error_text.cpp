#include "cli/error_text.h"

#include <cctype>
#include <string_view>
#include <utility>

#include "cli/printable.h"
#include "cli/secrets.h"
#include "cli/terminal.h"

namespace ferrum::cli {
namespace {

std::string with_stop(std::string text) {
  if (text.empty() || std::string_view(".!?:").find(text.back()) == std::string_view::npos) {
    text += '.';
  }
  return text;
}

// First letter large, a full stop at the end.
std::string as_sentence(std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return with_stop(std::move(text));
}

}  // namespace

void write_error(const Error& error, const std::string& more) {
  std::string text = printable(without_secrets(error.message()));
  if (text.ends_with('\n')) text.pop_back();
  const bool lines = text.find('\n') != std::string::npos;
  if (!lines) text = with_stop(std::move(text));
  for (const std::string& sentence : {error.hint(), more}) {
    if (sentence.empty()) continue;
    text += (lines ? "\n" : " ") + as_sentence(printable(without_secrets(sentence)));
  }
  write_note(coloured("error: ", Colour::kRed) + text);
}

}  // namespace ferrum::cli
