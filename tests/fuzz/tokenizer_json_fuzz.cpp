// tokenizer.json, a zero byte, a text: whatever is accepted must encode, decode and stream alike.

#include <cstdlib>

#include "ferrum/text/detokenizer.h"
#include "ferrum/text/tokenizer.h"
#include "ferrum/text/utf8.h"
#include "ferrum/types/error.h"

namespace {

constexpr size_t kMaxTextBytes = 512;

void require(bool condition) {
  if (!condition) std::abort();
}

void round_trip(const ferrum::Tokenizer& tokenizer, std::string_view text) {
  for (const bool parse_special : {true, false}) {
    const auto ids = tokenizer.encode(text, {.parse_special = parse_special});
    for (const int32_t id : ids) require(id >= 0 && id < tokenizer.vocab_size());
    const std::string decoded = tokenizer.decode(ids, parse_special);
    require(!ferrum::find_invalid_utf8(decoded));
    ferrum::StreamDetokenizer detokenizer(tokenizer, parse_special);
    std::string streamed;
    for (const int32_t id : ids) {
      streamed += detokenizer.push(id);
      require(!ferrum::find_invalid_utf8(streamed));
    }
    require(streamed + detokenizer.finish() == decoded);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t zero = input.find('\0');
  const std::string_view text = zero == input.npos ? "Hello,  world 12" : input.substr(zero + 1);
  try {
    const auto tokenizer = ferrum::Tokenizer::parse(input.substr(0, zero));
    round_trip(*tokenizer, text.substr(0, kMaxTextBytes));
  } catch (const ferrum::Error&) {
  }
  return 0;
}
