#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "house/source_tree.h"
#include "support/temp_folder.h"

namespace ferrum::house {
namespace {

using ::testing::ElementsAre;

TEST(NamedTestsTest, AMissingTestAndARowWithoutOneAreFound) {
  const ferrum::test::TempFolder folder;
  folder.write("src/a_test.cpp", "TEST(One, Works) {\nTEST_P(Two, Works) {\n");
  const auto page = folder.write("docs/page.md",
                                 "| Input | Tests |\n| --- | --- |\n"
                                 "| a | `One.Works` `Two.Works` |\n"
                                 "| `x.y` | `One.Fails` |\n| b | none |\n");
  EXPECT_THAT(check_named_tests(page, folder.path()),
              ElementsAre("page.md:4: there is no test One.Fails",
                          "page.md:5: a row without a test"));
}

}  // namespace
}  // namespace ferrum::house
