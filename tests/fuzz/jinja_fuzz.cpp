// Any text as a chat template, rendered over a fixed conversation: it is refused by an Error or
// its output is bounded, valid UTF-8.

#include <cstdlib>

#include "ferrum/text/chat_template.h"
#include "ferrum/text/utf8.h"

namespace {

// Small, so that no input takes long.
constexpr ferrum::ChatTemplateLimits kLimits = {
    .source_bytes = 1 << 14, .steps = 50'000, .output_bytes = 1 << 16, .made_bytes = 1 << 22};

const ferrum::OrderedJson& context() {
  static const ferrum::OrderedJson value = ferrum::OrderedJson::parse(R"({
    "messages": [{"role": "system", "content": "be nice"},
                 {"role": "user", "content": "ä\n€ 😀"},
                 {"role": "assistant", "content": null, "tool_calls": [
                   {"function": {"name": "f", "arguments": {"x": 1.5, "y": [1, true]}}}]}],
    "tools": null, "add_generation_prompt": true, "bos_token": "<s>", "n": -7, "l": [3, 1, 2]})");
  return value;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const auto chat = ferrum::ChatTemplate::parse({reinterpret_cast<const char*>(data), size},
                                                  {.limits = kLimits, .now = nullptr});
    const std::string out = chat.render(context());
    if (out.size() > size_t{1} << 16 || ferrum::find_invalid_utf8(out)) std::abort();
  } catch (const ferrum::Error&) {
  }
  return 0;
}
