#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "house/source_tree.h"
#include "support/temp_folder.h"

namespace ferrum::house {
namespace {

using ::testing::ElementsAre;

TEST(Snippets, WordsThatNoFileHasAreFound) {
  const test::TempFolder tree;
  tree.write("examples/a.cpp", "int main() {\n  one();\n  two();\n}\n");
  tree.write("page.md",
             "<!-- examples/a.cpp -->\n```cpp\none();\ntwo();\n```\n"
             "<!-- examples/a.cpp -->\n```cpp\none();\nthree();\n```\n"
             "text\n```cpp\none();\n```\n");
  EXPECT_THAT(check_snippets(tree.path() / "page.md", tree.path()),
              ElementsAre("page.md:7: the snippet is not in examples/a.cpp in these words",
                          "page.md:12: a snippet without <!-- path of the compiled file --> "
                          "above it"));
}

TEST(Tour, NamesThatNoHeaderHasAreFound) {
  const test::TempFolder tree;
  tree.write("include/ferrum/a/a.h", "class Alpha;\n");
  tree.write("src/a/a.cpp", "\n");
  tree.write("tour.md",
             "| `Alpha` | `a/a.h` | `src/a` |\n| `Beta` | `a/a.h` | `src/b` |\n| `Gamma` | | |\n");
  EXPECT_THAT(
      check_tour(tree.path() / "tour.md", tree.path()),
      ElementsAre("tour.md:2: a/a.h does not name Beta", "tour.md:2: there is no folder src/b"));
}

}  // namespace
}  // namespace ferrum::house
