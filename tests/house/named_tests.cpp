#include <regex>
#include <set>

#include "house/source_tree.h"

namespace ferrum::house {
namespace {

// "Suite.Name" of every test below `folder`.
void collect_tests(const fs::path& root, std::string_view folder, std::set<std::string>& tests) {
  static const std::regex kTest(R"(^TEST(_F|_P)?\((\w+), (\w+)\))");
  for_each_file(root, folder, [&](const fs::path& file, const std::string&) {
    if (file.extension() != ".cpp") return;
    for (const std::string& line : read_lines(file)) {
      std::smatch match;
      if (std::regex_search(line, match, kTest)) tests.insert(match.str(2) + "." + match.str(3));
    }
  });
}

}  // namespace

Findings check_named_tests(const fs::path& page, const fs::path& root) {
  static const std::regex kName(R"(`(\w+\.\w+)`)");
  std::set<std::string> tests;
  for (const char* folder : {"src", "tests"}) collect_tests(root, folder, tests);
  Findings findings;
  int number = 0;
  for (const std::string& line : read_lines(page)) {
    ++number;
    if (!line.starts_with('|')) continue;
    const std::string cell = line.substr(line.rfind('|', line.size() - 2));
    for (std::sregex_iterator it(cell.begin(), cell.end(), kName), end; it != end; ++it) {
      if (tests.contains(it->str(1))) continue;
      findings.push_back(page.filename().string() + ":" + std::to_string(number) +
                         ": there is no test " + it->str(1));
    }
    const bool is_head = cell.find("---") != cell.npos || cell.find("Tests") != cell.npos;
    if (!is_head && cell.find('`') == cell.npos) {
      findings.push_back(page.filename().string() + ":" + std::to_string(number) +
                         ": a row without a test");
    }
  }
  return findings;
}

}  // namespace ferrum::house
