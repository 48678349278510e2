#include <regex>
#include <set>

#include "house/source_tree.h"

namespace ferrum::house {

Findings check_make_targets(const fs::path& page, const fs::path& makefile) {
  static const std::regex kTarget(R"(^([a-z][\w-]*)\s*:(?!=))");
  static const std::regex kInBlock(R"((?:^|\s)make ([a-z][\w-]*))");
  static const std::regex kInProse(R"(`make ([a-z][\w-]*))");
  std::set<std::string> targets;
  for (const std::string& line : read_lines(makefile)) {
    std::smatch match;
    if (std::regex_search(line, match, kTarget)) targets.insert(match[1]);
  }
  Findings findings;
  bool in_block = false;
  const std::vector<std::string> lines = read_lines(page);
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].starts_with("```")) in_block = !in_block;
    const std::regex& use = in_block ? kInBlock : kInProse;
    for (std::sregex_iterator it(lines[i].begin(), lines[i].end(), use), end; it != end; ++it) {
      const std::string target = (*it)[1];
      if (targets.contains(target)) continue;
      findings.push_back(page.filename().string() + ":" + std::to_string(i + 1) +
                         ": the Makefile has no target " + target);
    }
  }
  return findings;
}

}  // namespace ferrum::house
