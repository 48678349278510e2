#include <algorithm>

#include "house/functions.h"
#include "house/source_tree.h"

namespace ferrum::house {
namespace {

constexpr size_t kMaxColumns = 100;
constexpr size_t kMaxFunction = 60;

enum class Kind { kOther, kHeader, kSource, kTest, kTable, kPython };

Kind kind_of(const std::string& path) {
  const std::string extension = fs::path(path).extension().string();
  if (extension == ".h" || extension == ".hpp" || extension == ".cuh") return Kind::kHeader;
  if (extension == ".inc") return Kind::kTable;
  if (extension == ".py") return Kind::kPython;
  if (extension == ".c" || extension == ".cc" || extension == ".cpp" || extension == ".cu") {
    return is_test(path) ? Kind::kTest : Kind::kSource;
  }
  return Kind::kOther;
}

size_t max_lines(Kind kind) {
  switch (kind) {
    case Kind::kHeader:
      return 250;
    case Kind::kSource:
    case Kind::kPython:
      return 500;
    case Kind::kTest:
      return 600;
    case Kind::kTable:
    case Kind::kOther:
      break;
  }
  return SIZE_MAX;
}

// Characters, not bytes: continuation bytes of UTF-8 do not count.
size_t columns(const std::string& line) {
  return static_cast<size_t>(std::count_if(line.begin(), line.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

void check_file(const fs::path& file, const std::string& path, Findings& findings) {
  const Kind kind = kind_of(path);
  if (kind == Kind::kOther) return;
  const auto report = [&](size_t line, const std::string& what, size_t found, size_t limit) {
    findings.push_back(path + ":" + std::to_string(line) + ": " + what + " of " +
                       std::to_string(found) + ", at most " + std::to_string(limit));
  };
  const std::vector<std::string> lines = read_lines(file);
  if (lines.size() > max_lines(kind)) report(1, "a file of lines", lines.size(), max_lines(kind));
  for (size_t i = 0; i < lines.size(); ++i) {
    const size_t width = columns(lines[i]);
    if (width > kMaxColumns) report(i + 1, "a line of columns", width, kMaxColumns);
  }
  if (kind == Kind::kPython || kind == Kind::kTable) return;
  const FunctionScan scan = scan_functions(lines);
  if (!scan.balanced) findings.push_back(path + ":1: braces do not balance, functions unmeasured");
  for (const Function& function : scan.functions) {
    const size_t length = function.last_line - function.first_line + 1;
    if (length > kMaxFunction) {
      report(function.first_line, "a function of lines", length, kMaxFunction);
    }
  }
}

}  // namespace

Findings check_sizes(const fs::path& root) {
  Findings findings;
  for (const char* folder :
       {"include", "src", "cli", "server", "tests", "bench", "examples", "tools"}) {
    for_each_file(root, folder, [&](const fs::path& file, const std::string& path) {
      check_file(file, path, findings);
    });
  }
  return findings;
}

}  // namespace ferrum::house
