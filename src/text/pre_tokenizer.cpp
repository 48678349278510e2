#include "text/pre_tokenizer.h"

#include <utility>

#include "text/byte_alphabet.h"
#include "text/json_kinds.h"

namespace ferrum {
namespace {

constexpr std::string_view kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
// Here \w is that of Unicode Technical Standard 18.
constexpr std::string_view kWordPattern =
    R"([\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\u200c\u200d]+)"
    R"(|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\u200c\u200d\s]+)";
constexpr std::string_view kPunctuationPattern = R"([\p{P}$+<=>^`|~])";

// Replaces every piece by write(piece, text), which appends it.
template <class Write>
void rewrite(Pieces& pieces, Write write) {
  std::string text;
  text.reserve(pieces.text.size() + pieces.text.size() / 2);
  for (Pieces::Range& range : pieces.ranges) {
    const size_t begin = text.size();
    write(pieces.view(range), text);
    range = {begin, text.size()};
  }
  pieces.text = std::move(text);
}

}  // namespace

PreTokenizer PreTokenizer::parse(const Json& json) {
  PreTokenizer pre_tokenizer;
  if (!json.is_null()) pre_tokenizer.add(json);
  return pre_tokenizer;
}

void PreTokenizer::add(const Json& json) {
  JsonReader reader(json, "pre_tokenizer");
  const std::string kind = kind_of(reader);
  if (kind == "Sequence") {
    Json::array_t parts;
    reader.require("pretokenizers", parts);
    for (const Json& part : parts) add(part);
  } else if (kind == "ByteLevel") {
    steps_.push_back(parse_byte_level(reader));
  } else if (kind == "Split") {
    steps_.push_back(parse_split(reader));
  } else if (kind == "Digits") {
    bool individual = false;
    reader.read("individual_digits", individual);
    steps_.push_back(Splitter(Regex("\\p{N}"), individual ? SplitBehavior::kIsolated
                                                          : SplitBehavior::kContiguous, false));
  } else if (kind == "Punctuation") {
    std::string behavior = "Isolated";
    reader.read("behavior", behavior);
    steps_.push_back(Splitter(Regex(kPunctuationPattern), parse_split_behavior(behavior), false));
  } else if (kind == "Whitespace") {
    steps_.push_back(Splitter(Regex(kWordPattern), SplitBehavior::kRemoved, true));
  } else if (kind == "WhitespaceSplit") {
    steps_.push_back(Splitter(Regex("\\s"), SplitBehavior::kRemoved, false));
  } else {
    refuse_kind("pre-tokenizer", kind,
                "ByteLevel, Digits, Punctuation, Sequence, Split, Whitespace, WhitespaceSplit");
  }
  reader.finish();
}

Splitter PreTokenizer::parse_split(JsonReader& reader) {
  PatternText pattern;
  std::string behavior;
  bool invert = false;
  reader.require("pattern", pattern);
  reader.require("behavior", behavior);
  reader.read("invert", invert);
  return Splitter(pattern.compile(), parse_split_behavior(behavior), invert);
}

PreTokenizer::ByteLevel PreTokenizer::parse_byte_level(JsonReader& reader) {
  bool add_prefix_space = true;
  bool trim_offsets = true;  // offsets are not reported
  bool use_regex = true;
  reader.read("add_prefix_space", add_prefix_space);
  reader.read("trim_offsets", trim_offsets);
  reader.read("use_regex", use_regex);
  ByteLevel step{add_prefix_space, std::nullopt};
  if (use_regex) step.splitter.emplace(Regex(kGpt2Pattern), SplitBehavior::kIsolated, false);
  return step;
}

void PreTokenizer::apply(Pieces& pieces) const {
  for (const Step& step : steps_) {
    if (const auto* splitter = std::get_if<Splitter>(&step)) {
      splitter->apply(pieces);
    } else {
      apply(std::get<ByteLevel>(step), pieces);
    }
  }
}

void PreTokenizer::apply(const ByteLevel& step, Pieces& pieces) {
  if (step.add_prefix_space) {
    rewrite(pieces, [](std::string_view piece, std::string& text) {
      if (!piece.starts_with(' ')) text += ' ';
      text += piece;
    });
  }
  if (step.splitter) step.splitter->apply(pieces);
  rewrite(pieces, append_byte_alphabet);
}

}  // namespace ferrum
