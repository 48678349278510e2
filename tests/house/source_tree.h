#pragma once
// The checks of the house: each reads a source tree and returns what is wrong with it, one
// sentence per finding that begins with "path:line: ".

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace ferrum::house {

namespace fs = std::filesystem;

using Findings = std::vector<std::string>;

// An include points down, and parts on one floor never include each other. The floors are those
// of CONTRIBUTING.md; the parts of an axis are those that its add_part(...) lines name. Tests are
// free to include anything.
Findings check_floors(const fs::path& root);

// Lines of a file, lines of a C++ function, columns of a line.
Findings check_sizes(const fs::path& root);

// Every `make <target>` of a Markdown page is a target of the Makefile.
Findings check_make_targets(const fs::path& page, const fs::path& makefile);

// Every ```cpp block of a Markdown page stands, but for indentation, in the compiled file that the
// comment above it names: <!-- examples/hello.cpp -->.
Findings check_snippets(const fs::path& page, const fs::path& root);

// Every row of the tour's table names a header that has the name, and a folder that exists.
Findings check_tour(const fs::path& page, const fs::path& root);

// Every test that the last column of a Markdown table names exists, and every row names one.
Findings check_named_tests(const fs::path& page, const fs::path& root);

// The lines of a text file, without their ends.
std::vector<std::string> read_lines(const fs::path& path);

// Calls visit(path, path relative to root) for every file below `root / folder`, in order of name;
// an absent folder has none.
void for_each_file(const fs::path& root, std::string_view folder,
                   const std::function<void(const fs::path&, const std::string&)>& visit);

bool is_test(std::string_view path);

}  // namespace ferrum::house
