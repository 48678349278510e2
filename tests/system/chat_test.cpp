// The chat, as somebody at a terminal meets it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "ferrum/types/json.h"
#include "system/command_line.h"
#include "system/screen.h"
#include "system/terminal_session.h"

namespace ferrum::testing {
namespace {

using ::testing::Contains;

constexpr const char* kLeft = "\033[D";
constexpr const char* kControlC = "\x03";

const std::vector<std::string> kChat{"run", "--temperature", "0", "-n", "8", "--stats"};

// "38 prompt tokens at ..." of the statistics that follow the answer.
int64_t prompt_tokens(TerminalSession& session) {
  const std::string text = session.wait_for(" prompt tokens at ");
  const size_t end = text.size() - std::string(" prompt tokens at ").size();
  return std::stoll(text.substr(text.find_last_not_of("0123456789", end - 1) + 1));
}

int64_t prompt_tokens(const std::string& prompt) {
  const CommandResult result = run_ferrum({"run", "-n", "1", "--json", "-p", prompt});
  return Json::parse(result.out).at("usage").at("prompt_tokens").get<int64_t>();
}

std::vector<std::string> shown(const TerminalSession& session) {
  Screen screen;
  screen.write(session.output());
  return screen.lines();
}

TEST(Chat, APasteOfSeveralLinesIsOneMessage) {
  TerminalSession session(kChat);
  session.wait_for("\033[?2004h");
  session.wait_for_prompt();
  session.type("\033[200~Tell me\rof a cat\r\r\033[201~");
  session.type("\r");
  EXPECT_EQ(prompt_tokens(session), prompt_tokens("Tell me\nof a cat"));
  session.wait_for_prompt();
  session.type("/exit\r");
  EXPECT_EQ(session.finish(), 0);
  EXPECT_TRUE(session.output().rfind("\033[?2004l") > session.output().rfind("\033[?2004h"));
}

TEST(Chat, APasteIsInsertedWhereTheCursorIs) {
  TerminalSession session(kChat);
  session.wait_for_prompt();
  session.type(std::string("Tell a cat") + kLeft + kLeft + kLeft + kLeft + kLeft);
  session.type("\033[200~me\rof\033[201~\r");
  EXPECT_EQ(prompt_tokens(session), prompt_tokens("Tell me\nof a cat"));
}

TEST(Chat, ControlCInsideALineLeavesItReadableAndEmptiesIt) {
  TerminalSession session(kChat);
  session.wait_for_prompt();
  session.type(std::string("Tell a cat") + kLeft + kLeft + kLeft + kControlC);
  session.wait_for("^C");
  session.wait_for_prompt();
  session.type("Hello\r");
  EXPECT_EQ(prompt_tokens(session), prompt_tokens("Hello"));
  const std::vector<std::string> lines = shown(session);
  EXPECT_THAT(lines, Contains("> Tell a cat^C"));
  EXPECT_THAT(lines, Contains("> Hello"));
}

TEST(Chat, ControlCKeepsAllLinesOfAPasteOnTheScreen) {
  TerminalSession session(kChat);
  session.wait_for_prompt();
  session.type("\033[200~one\rtwo\rthree\033[201~" + std::string(kLeft) + kControlC);
  session.wait_for("^C");
  session.wait_for_prompt();
  const std::vector<std::string> lines = shown(session);
  for (const char* line : {"> one", "two", "three^C", ">"}) EXPECT_THAT(lines, Contains(line));
}

TEST(Chat, StatsTellWhetherTheyAreOn) {
  TerminalSession session({"run"});
  session.wait_for_prompt();
  session.type("/stats\r");
  session.wait_for("printed after each answer");
  session.type("/stats\r");
  session.wait_for("no longer printed");
}

TEST(Chat, TwoSlashesSendOne) {
  TerminalSession session(kChat);
  session.wait_for_prompt();
  session.type("/help\r");
  session.wait_for("//text");
  session.wait_for_prompt();
  session.type("//usr\r");
  EXPECT_EQ(prompt_tokens(session), prompt_tokens("/usr"));
}

TEST(Chat, AnErrorSaysWhatToDoAndTheChatGoesOn) {
  TerminalSession session({"run", "--temperature", "0", "-n", "8", "--stats", "--context", "48"});
  session.wait_for_prompt();
  session.type("Tell me " + std::string(200, 'x') + "\r");
  session.wait_for("error: ");
  session.wait_for("Shorten the prompt");
  session.wait_for("/new starts a new conversation.");
  session.wait_for_prompt();
  session.type("Hello\r");
  EXPECT_EQ(prompt_tokens(session), prompt_tokens("Hello"));
}

}  // namespace
}  // namespace ferrum::testing
