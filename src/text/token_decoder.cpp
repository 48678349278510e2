#include "text/token_decoder.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

#include "ferrum/text/utf8.h"
#include "text/byte_alphabet.h"
#include "text/json_kinds.h"
#include "text/utf8.h"

namespace ferrum {
namespace {

constexpr size_t kMaxTokenBytes = 1 << 20;

// The byte that a token like <0x0A> stands for.
std::optional<char> byte_of_token(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return std::nullopt;
  uint8_t byte = 0;
  const auto [end, error] = std::from_chars(token.data() + 3, token.data() + 5, byte, 16);
  if (error != std::errc() || end != token.data() + 5) return std::nullopt;
  return static_cast<char>(byte);
}

[[noreturn]] void refuse_order(const std::string& kind) {
  throw Error(ErrorCode::kUnsupported,
              "the tokenizer's decoder has a step '" + kind +
                  "' behind one that joins all tokens, so no text is final before the last token",
              "put '" + kind + "' before 'Fuse'");
}

}  // namespace

TokenDecoder TokenDecoder::parse(const Json& json) {
  TokenDecoder decoder;
  bool joined = false;
  if (json.is_null()) {
    decoder.steps_.push_back(JoinWithSpaces{});
  } else {
    decoder.add(json, joined);
  }
  return decoder;
}

void TokenDecoder::add(const Json& json, bool& joined) {
  JsonReader reader(json, "decoder");
  const std::string kind = kind_of(reader);
  if (kind == "Sequence") {
    Json::array_t parts;
    reader.require("decoders", parts);
    for (const Json& part : parts) add(part, joined);
  } else if (kind == "ByteLevel") {
    bool ignored = false;
    for (const char* key : {"add_prefix_space", "trim_offsets", "use_regex"}) {
      reader.read(key, ignored);  // these only concern encoding
    }
    if (std::exchange(joined, true)) refuse_order(kind);
    steps_.push_back(ByteLevel{});
  } else if (kind == "ByteFallback") {
    if (joined) refuse_order(kind);
    steps_.push_back(ByteFallback{});
  } else if (kind == "Fuse") {
    joined = true;
    steps_.push_back(Fuse{});
  } else if (kind == "Replace") {
    steps_.push_back(parse_replace(reader, joined));
  } else if (kind == "Strip") {
    steps_.push_back(parse_strip(reader, joined));
  } else {
    refuse_kind("decoder", kind, "ByteFallback, ByteLevel, Fuse, Replace, Sequence, Strip");
  }
  reader.finish();
}

TokenDecoder::Step TokenDecoder::parse_replace(JsonReader& reader, bool joined) {
  PatternText pattern;
  Replace replace;
  reader.require("pattern", pattern);
  reader.require("content", replace.content);
  const bool one_character = !pattern.is_regex && !pattern.text.empty() &&
                             first_code_point(pattern.text).bytes == pattern.text.size();
  if (joined && !one_character) refuse_order("Replace");
  replace.pattern = std::make_shared<const Regex>(pattern.compile());
  return replace;
}

TokenDecoder::Step TokenDecoder::parse_strip(JsonReader& reader, bool joined) {
  std::string content;
  uint32_t start = 0;
  uint32_t stop = 0;
  reader.require("content", content);
  reader.require("start", start);
  reader.require("stop", stop);
  if (content.empty() || first_code_point(content).bytes != content.size()) {
    throw Error(ErrorCode::kInvalidFormat, "the decoder 'Strip' must name one character");
  }
  if (joined) return StripText{std::move(content), start, stop};
  return StripTokens{std::move(content), start, stop};
}

void TokenDecoder::push_from(size_t step, std::string_view text, std::string& out) {
  if (step == steps_.size()) {
    out += text;
    return;
  }
  const auto next = [&](std::string_view emitted) { push_from(step + 1, emitted, out); };
  std::visit([&](auto& s) { s.push(text, next); }, steps_[step]);
}

void TokenDecoder::push(std::string_view token, std::string& out) { push_from(0, token, out); }

void TokenDecoder::finish(std::string& out) {
  for (size_t step = 0; step < steps_.size(); ++step) {
    const auto next = [&](std::string_view emitted) { push_from(step + 1, emitted, out); };
    std::visit([&](auto& s) { s.finish(next); }, steps_[step]);
  }
}

void TokenDecoder::JoinWithSpaces::push(std::string_view token, Emit emit) {
  if (!std::exchange(first, false)) emit(" ");
  emit(token);
}

void TokenDecoder::ByteLevel::push(std::string_view token, Emit emit) {
  if (!append_bytes_of_alphabet(token, pending)) pending += token;
  std::string text;
  drain_valid_utf8(pending, text);
  if (!text.empty()) emit(text);
}

void TokenDecoder::ByteLevel::finish(Emit emit) {
  std::string text;
  append_valid_utf8(std::exchange(pending, {}), text);
  if (!text.empty()) emit(text);
}

void TokenDecoder::ByteFallback::push(std::string_view token, Emit emit) {
  if (const auto byte = byte_of_token(token)) {
    pending += *byte;
    return;
  }
  finish(emit);
  emit(token);
}

void TokenDecoder::ByteFallback::finish(Emit emit) {
  const std::string bytes = std::exchange(pending, {});
  if (!find_invalid_utf8(bytes)) {
    if (!bytes.empty()) emit(bytes);
  } else {
    for (size_t i = 0; i < bytes.size(); ++i) emit("\xEF\xBF\xBD");
  }
}

void TokenDecoder::Replace::push(std::string_view token, Emit emit) {
  std::string text;
  size_t last = 0;
  pattern->for_each_match(token, [&](size_t begin, size_t end) {
    text.append(token, last, begin - last).append(content);
    last = end;
    if (text.size() > kMaxTokenBytes) {
      throw Error(ErrorCode::kResourceExhausted,
                  "the tokenizer's decoder turns one token into more than " +
                      std::to_string(kMaxTokenBytes) + " bytes");
    }
  });
  text.append(token, last);
  emit(text);
}

void TokenDecoder::StripTokens::push(std::string_view token, Emit emit) {
  for (size_t i = 0; i < start && token.starts_with(content); ++i) {
    token.remove_prefix(content.size());
  }
  for (size_t i = 0; i < stop && token.ends_with(content); ++i) {
    token.remove_suffix(content.size());
  }
  emit(token);
}

void TokenDecoder::StripText::push(std::string_view fragment, Emit emit) {
  while (start > 0 && fragment.starts_with(content)) {
    fragment.remove_prefix(content.size());
    --start;
  }
  if (fragment.empty()) return;
  start = 0;
  size_t trailing = 0;
  while (fragment.ends_with(content)) {
    fragment.remove_suffix(content.size());
    ++trailing;
  }
  if (!fragment.empty()) {
    for (; held > 0; --held) emit(content);
    emit(fragment);
  }
  for (held += trailing; held > stop; --held) emit(content);
}

}  // namespace ferrum
