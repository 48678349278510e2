// The house itself: nothing may be found in this repository.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "house/source_tree.h"

namespace ferrum::house {
namespace {

using ::testing::IsEmpty;

std::string as_text(const Findings& findings) {
  std::string text;
  for (const std::string& finding : findings) text += "\n  " + finding;
  return text;
}

TEST(House, IncludesPointDownAndNeverSideways) {
  const Findings findings = check_floors(FERRUM_SOURCE_DIR);
  EXPECT_THAT(findings, IsEmpty()) << as_text(findings);
}

TEST(House, FilesFunctionsAndLinesAreSmall) {
  const Findings findings = check_sizes(FERRUM_SOURCE_DIR);
  EXPECT_THAT(findings, IsEmpty()) << as_text(findings);
}

TEST(House, CommandsOfTheReadmeExist) {
  const fs::path root = FERRUM_SOURCE_DIR;
  for (const char* page : {"README.md", "CONTRIBUTING.md"}) {
    const Findings findings = check_make_targets(root / page, root / "Makefile");
    EXPECT_THAT(findings, IsEmpty()) << as_text(findings);
  }
}

}  // namespace
}  // namespace ferrum::house
