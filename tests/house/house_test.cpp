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

TEST(House, SnippetsOfThePagesAreCompiledCode) {
  const fs::path root = FERRUM_SOURCE_DIR;
  Findings findings = check_snippets(root / "README.md", root);
  for_each_file(root, "docs", [&](const fs::path& page, const std::string&) {
    const Findings more = check_snippets(page, root);
    findings.insert(findings.end(), more.begin(), more.end());
  });
  EXPECT_THAT(findings, IsEmpty()) << as_text(findings);
}

TEST(House, TheTourNamesWhatIsThere) {
  const fs::path root = FERRUM_SOURCE_DIR;
  const Findings findings = check_tour(root / "docs" / "tour.md", root);
  EXPECT_THAT(findings, IsEmpty()) << as_text(findings);
}

TEST(House, EveryThreatHasItsTests) {
  const fs::path root = FERRUM_SOURCE_DIR;
  const Findings findings = check_named_tests(root / "docs" / "threats.md", root);
  EXPECT_THAT(findings, IsEmpty()) << as_text(findings);
}

}  // namespace
}  // namespace ferrum::house
