#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "house/source_tree.h"
#include "support/temp_folder.h"

namespace ferrum::house {
namespace {

using ::testing::ElementsAre;

TEST(MakeTargets, UnknownTargetsAreFound) {
  const test::TempFolder tree;
  tree.write("Makefile", "PROMPT ?= hello\nX := 1\nrun: build\n\tx\ntest:\n\ty\n");
  tree.write("README.md",
             "How to make bread, and `make test`.\n```\nmake run PROMPT=hi\nmake bread\n```\n"
             "`make X` or `make cake`\n");
  EXPECT_THAT(check_make_targets(tree.path() / "README.md", tree.path() / "Makefile"),
              ElementsAre("README.md:4: the Makefile has no target bread",
                          "README.md:6: the Makefile has no target cake"));
}

}  // namespace
}  // namespace ferrum::house
