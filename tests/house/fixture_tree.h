#pragma once
// A source tree in a temporary folder, for checks that must be seen to fail.

#include <unistd.h>

#include <fstream>
#include <string>

#include "house/source_tree.h"

namespace ferrum::house {

class FixtureTree {
 public:
  FixtureTree() {
    std::string name = (fs::temp_directory_path() / "house-XXXXXX").string();
    root_ = mkdtemp(name.data());
  }
  ~FixtureTree() { fs::remove_all(root_); }
  FixtureTree(const FixtureTree&) = delete;
  FixtureTree& operator=(const FixtureTree&) = delete;

  const fs::path& root() const { return root_; }

  void write(const std::string& path, const std::string& text) const {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }

 private:
  fs::path root_;
};

}  // namespace ferrum::house
