#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "house/source_tree.h"
#include "support/temp_folder.h"
#include "house/functions.h"

namespace ferrum::house {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string repeat(const std::string& text, int times) {
  std::string result;
  for (int i = 0; i < times; ++i) result += text;
  return result;
}

Findings check_one(const std::string& path, const std::string& text) {
  const test::TempFolder tree;
  tree.write(path, text);
  return check_sizes(tree.path());
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

// "first-last" of every function found, "unbalanced" added where that is so.
std::vector<std::string> functions_of(const std::string& text) {
  const FunctionScan scan = scan_functions(split(text));
  std::vector<std::string> found;
  for (const Function& function : scan.functions) {
    found.push_back(std::to_string(function.first_line) + "-" + std::to_string(function.last_line));
  }
  if (!scan.balanced) found.push_back("unbalanced");
  return found;
}

TEST(Sizes, EachKindOfFileHasItsLimit) {
  const struct {
    const char* path;
    int limit;
  } cases[] = {{"include/ferrum/a.h", 250}, {"src/a.h", 250},           {"src/a.cpp", 500},
               {"cli/a.cpp", 500},          {"src/a_test.cpp", 600},    {"tests/x/a.cpp", 600},
               {"tests/x/a.h", 250},        {"bench/a_bench.cpp", 500}, {"tools/a.py", 500}};
  for (const auto& [path, limit] : cases) {
    EXPECT_THAT(check_one(path, repeat("\n", limit)), IsEmpty()) << path;
    EXPECT_THAT(check_one(path, repeat("\n", limit + 1)),
                ElementsAre(std::string(path) + ":1: a file of lines of " +
                            std::to_string(limit + 1) + ", at most " + std::to_string(limit)));
  }
  EXPECT_THAT(check_one("src/unicode_table.inc", repeat("1,\n", 5000)), IsEmpty());
  EXPECT_THAT(check_one("tests/data.json", repeat("1,\n", 5000)), IsEmpty());
}

TEST(Sizes, ColumnsAreCharacters) {
  EXPECT_THAT(check_one("src/a.cpp", "//" + repeat("é", 98) + "\n"), IsEmpty());
  EXPECT_THAT(check_one("src/a.cpp", "\n//" + repeat("é", 99) + "\n"),
              ElementsAre("src/a.cpp:2: a line of columns of 101, at most 100"));
  EXPECT_THAT(check_one("tools/a.py", repeat("#", 101)),
              ElementsAre("tools/a.py:1: a line of columns of 101, at most 100"));
}

TEST(Sizes, LongFunctionsAreFound) {
  EXPECT_THAT(check_one("src/a.cpp", "namespace a {\nvoid f() {\n" + repeat("g();\n", 58) + "}\n}"),
              IsEmpty());
  EXPECT_THAT(check_one("src/a.cpp", "namespace a {\nvoid f() {\n" + repeat("g();\n", 59) + "}\n}"),
              ElementsAre("src/a.cpp:2: a function of lines of 61, at most 60"));
  EXPECT_THAT(check_one("src/a.cpp", "class A {\n public:\n  A()\n      : b_{1} {\n" +
                                         repeat("    g();\n", 60) + "  }\n};"),
              ElementsAre("src/a.cpp:3: a function of lines of 63, at most 60"));
}

TEST(Sizes, BracesThatDoNotBalanceAreFound) {
  EXPECT_THAT(check_one("src/a.cpp", "void f() {\n"),
              ElementsAre("src/a.cpp:1: braces do not balance, functions unmeasured"));
}

TEST(Functions, ScopesAndTablesAreNoFunctions) {
  EXPECT_THAT(functions_of("namespace a::b {\nnamespace {\n}\nstruct alignas(64) S : T<int> {\n"
                           "  int x{1};\n};\nenum class E : int { kA, kB };\nunion U {\n};\n"
                           "extern \"C\" {\n}\nconstexpr int k[] = {\n{1, 2}, {3, 4}};\n"
                           "const std::vector<int> v{\n1, 2};\n}\n"),
              IsEmpty());
}

TEST(Functions, EveryFormIsFound) {
  const std::vector<std::string> forms = {
      "void f() {\n\n}",
      "int A::f(int x = 3) const noexcept {\n\n}",
      "template <class T = int, class U = V<T>>\nvoid f(T t) {\n}",
      "auto f() -> std::vector<int> {\n\n}",
      "A::A(int b)\n    : b_(b), c_{b, {1}}, d_(2) {\n}",
      "A::A() : B<int>{1} {\n\n}",
      "A& operator=(const A& other) {\n\n}",
      "bool operator==(const A& a) const {\n\n}",
      "void operator()(int x) {\n\n}",
      "TEST(Suite, Name) {\n\n}",
      "const auto f = [](int x) {\n\n};",
      "template <class T>\n  requires(std::is_same_v<T, int>)\nvoid f() {}",
      "struct S f() {\n  struct T { int x; };\n}",
      "extern \"C\" int f() {\n\n}",
      "[[nodiscard]] static constexpr int f() {\n  if (x) { y(); }\n}",
  };
  for (const std::string& form : forms) {
    EXPECT_THAT(functions_of(form), ElementsAre("1-3")) << form;
    EXPECT_THAT(functions_of("class C {\n public:\n" + form + "\n private:\n int x_ = 0;\n};"),
                ElementsAre("3-5"))
        << form;
  }
}

TEST(Functions, BracesInTextDoNotCount) {
  EXPECT_THAT(functions_of("void f() {\n  g(\"{\", '{', '\\'', \"\\\"{\");  // {\n}\n"
                           "void g() { /* {\n{ */ }\n"),
              ElementsAre("1-3", "4-5"));
  EXPECT_THAT(functions_of("void f() {\n  g(R\"x({ )\" \" {)x\", 1'000, u8'{');\n}\n"),
              ElementsAre("1-3"));
  EXPECT_THAT(functions_of("#define OPEN {\\\n{\nvoid f() {\n#if 0  // {\n#endif\n}\n"),
              ElementsAre("3-6"));
}

}  // namespace
}  // namespace ferrum::house
