#include <algorithm>
#include <optional>

#include "house/source_tree.h"

namespace ferrum::house {
namespace {

std::string without_indent(const std::string& line) {
  const size_t start = line.find_first_not_of(' ');
  return start == std::string::npos ? "" : line.substr(start);
}

std::vector<std::string> without_indent(std::vector<std::string> lines) {
  for (std::string& line : lines) line = without_indent(line);
  return lines;
}

// The path in "<!-- path -->".
std::optional<std::string> source_of(const std::string& line) {
  if (!line.starts_with("<!-- ") || !line.ends_with(" -->")) return std::nullopt;
  return line.substr(5, line.size() - 9);
}

}  // namespace

Findings check_snippets(const fs::path& page, const fs::path& root) {
  Findings findings;
  const std::vector<std::string> lines = read_lines(page);
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i] != "```cpp") continue;
    const std::string place = page.filename().string() + ":" + std::to_string(i + 1) + ": ";
    const auto source = i > 0 ? source_of(lines[i - 1]) : std::nullopt;
    std::vector<std::string> block;
    while (++i < lines.size() && lines[i] != "```") block.push_back(without_indent(lines[i]));
    if (!source) {
      findings.push_back(place + "a snippet without <!-- path of the compiled file --> above it");
      continue;
    }
    const std::vector<std::string> file = without_indent(read_lines(root / *source));
    if (std::search(file.begin(), file.end(), block.begin(), block.end()) == file.end()) {
      findings.push_back(place + "the snippet is not in " + *source + " in these words");
    }
  }
  return findings;
}

Findings check_tour(const fs::path& page, const fs::path& root) {
  Findings findings;
  const std::vector<std::string> lines = read_lines(page);
  for (size_t i = 0; i < lines.size(); ++i) {
    if (!lines[i].starts_with("| `")) continue;
    std::vector<std::string> quoted;  // name, header, folder
    for (size_t at = lines[i].find('`'); at != std::string::npos;) {
      const size_t end = lines[i].find('`', at + 1);
      if (end == std::string::npos) break;
      quoted.push_back(lines[i].substr(at + 1, end - at - 1));
      at = lines[i].find('`', end + 1);
    }
    if (quoted.size() < 2) continue;  // not there yet
    const std::string place = page.filename().string() + ":" + std::to_string(i + 1) + ": ";
    const auto header = std::find_if(quoted.begin(), quoted.end(),
                                     [](const std::string& q) { return q.ends_with(".h"); });
    if (header == quoted.end()) continue;
    const std::vector<std::string> text = read_lines(root / "include" / "ferrum" / *header);
    const bool named = std::any_of(text.begin(), text.end(), [&](const std::string& line) {
      return line.find(quoted.front()) != std::string::npos;
    });
    if (!named) findings.push_back(place + *header + " does not name " + quoted.front());
    const auto folder = std::find_if(quoted.begin(), quoted.end(),
                                     [](const std::string& q) { return q.starts_with("src/"); });
    if (folder != quoted.end() && !fs::is_directory(root / *folder)) {
      findings.push_back(place + "there is no folder " + *folder);
    }
  }
  return findings;
}

}  // namespace ferrum::house
