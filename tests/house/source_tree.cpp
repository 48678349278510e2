#include "house/source_tree.h"

#include <algorithm>
#include <fstream>

namespace ferrum::house {

std::vector<std::string> read_lines(const fs::path& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

void for_each_file(const fs::path& root, std::string_view folder,
                   const std::function<void(const fs::path&, const std::string&)>& visit) {
  if (!fs::is_directory(root / folder)) return;
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) visit(file, fs::relative(file, root).generic_string());
}

bool is_test(std::string_view path) {
  return path.starts_with("tests/") || fs::path(path).stem().string().ends_with("_test");
}

}  // namespace ferrum::house
