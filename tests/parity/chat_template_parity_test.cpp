// The interpreter against jinja2 as transformers sets it up; see tools/make_template_references.py.

#include <fstream>
#include <sstream>
#include <gtest/gtest.h>

#include "ferrum/text/chat_template.h"

namespace ferrum {
namespace {

std::string read(const std::string& name) {
  std::ifstream file(FERRUM_SOURCE_DIR "/tests/parity/templates/" + name);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

OrderedJson read_json(const std::string& name) { return parse_ordered_json(read(name), name); }

// The moment at which the references were rendered.
std::tm fixed_time() {
  std::tm time{};
  time.tm_year = 2025 - 1900;
  time.tm_mon = 2;
  time.tm_mday = 7;
  time.tm_hour = 14;
  time.tm_min = 5;
  time.tm_sec = 9;
  time.tm_wday = 5;
  time.tm_yday = 65;
  return time;
}

OrderedJson render(const std::string& source, const OrderedJson& context) {
  try {
    const auto chat = ChatTemplate::parse(source, {.limits = {}, .now = fixed_time});
    return {{"output", chat.render(context)}};
  } catch (const Error& error) {
    return {{"code", to_string(error.code())}, {"message", error.message()}};
  }
}

// Same bytes, or an error where jinja2 has one. The words are compared where they reach users:
// those of raise_exception, and what is undefined.
void expect_same(const OrderedJson& actual, const OrderedJson& expected) {
  if (expected.contains("output")) {
    ASSERT_TRUE(actual.contains("output")) << actual["message"];
    EXPECT_EQ(actual["output"].get<std::string>(), expected["output"].get<std::string>());
    return;
  }
  ASSERT_FALSE(actual.contains("output")) << "expected " << expected << ", got " << actual;
  const std::string kind = expected["error"], message = actual["message"];
  if (kind == "TemplateError") {
    EXPECT_EQ(actual["code"], "invalid_argument");
    EXPECT_EQ(message, expected["message"].get<std::string>());
  } else {
    EXPECT_NE(actual["code"], "invalid_argument") << message;
  }
  if (kind == "UndefinedError" || kind == "SecurityError") {
    EXPECT_TRUE(message.ends_with(expected["message"].get<std::string>()))
        << message << "\nexpected: " << expected["message"];
  }
}

TEST(ChatTemplateParity, TemplatesRenderConversations) {
  const OrderedJson expected = read_json("expected.json");
  ASSERT_GE(expected["renders"].size(), 15u);
  for (const auto& [name, renders] : expected["renders"].items()) {
    const std::string source = read(name + ".jinja");
    ASSERT_FALSE(source.empty()) << name;
    for (const auto& [conversation, reference] : renders.items()) {
      SCOPED_TRACE(name + ", " + conversation);
      expect_same(render(source, expected["contexts"][conversation]), reference);
    }
  }
}

TEST(ChatTemplateParity, Snippets) {
  const OrderedJson file = read_json("snippets.json");
  ASSERT_GE(file["snippets"].size(), 300u);
  for (const auto& snippet : file["snippets"]) {
    SCOPED_TRACE(snippet["source"].get<std::string>());
    expect_same(render(snippet["source"], file["context"]), snippet);
  }
}

}  // namespace
}  // namespace ferrum
