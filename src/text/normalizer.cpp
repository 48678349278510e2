#include "text/normalizer.h"

#include "text/json_kinds.h"
#include "text/utf8.h"

namespace ferrum {
namespace {

// Compatibility decomposition grows text at most elevenfold; a chain of replacements could double
// it at every step.
constexpr size_t kMaxGrowth = 32;
constexpr size_t kMaxGrowthBytes = 1 << 16;

void check_growth(size_t bytes, size_t limit) {
  if (bytes <= limit) return;
  throw Error(ErrorCode::kResourceExhausted,
              "the tokenizer's normalizer turns a text into more than " + std::to_string(limit) +
                  " bytes");
}

std::string replace_all(const Regex& pattern, const std::string& content, std::string_view text,
                        size_t limit) {
  std::string out;
  size_t last = 0;
  pattern.for_each_match(text, [&](size_t begin, size_t end) {
    out.append(text, last, begin - last).append(content);
    last = end;
    check_growth(out.size(), limit);
  });
  return out.append(text, last);
}

std::string_view trim(std::string_view text, bool left, bool right) {
  while (left && !text.empty() && is_white_space(first_code_point(text).value)) {
    text.remove_prefix(first_code_point(text).bytes);
  }
  while (right && !text.empty() && is_white_space(last_code_point(text).value)) {
    text.remove_suffix(last_code_point(text).bytes);
  }
  return text;
}

}  // namespace

Normalizer Normalizer::parse(const Json& json) {
  Normalizer normalizer;
  if (!json.is_null()) normalizer.add(json);
  return normalizer;
}

void Normalizer::add(const Json& json) {
  JsonReader reader(json, "normalizer");
  const std::string kind = kind_of(reader);
  if (kind == "Sequence") {
    Json::array_t parts;
    reader.require("normalizers", parts);
    for (const Json& part : parts) add(part);
  } else if (kind == "NFC") {
    steps_.push_back(NormalizationForm::kNfc);
  } else if (kind == "NFD") {
    steps_.push_back(NormalizationForm::kNfd);
  } else if (kind == "NFKC") {
    steps_.push_back(NormalizationForm::kNfkc);
  } else if (kind == "NFKD") {
    steps_.push_back(NormalizationForm::kNfkd);
  } else if (kind == "Lowercase") {
    steps_.push_back(Lowercase{});
  } else if (kind == "Prepend") {
    Prepend prepend;
    reader.require("prepend", prepend.text);
    steps_.push_back(std::move(prepend));
  } else if (kind == "Replace") {
    PatternText pattern;
    std::string content;
    reader.require("pattern", pattern);
    reader.require("content", content);
    steps_.push_back(Replace{pattern.compile(), std::move(content)});
  } else if (kind == "Strip") {
    Strip strip;
    reader.require("strip_left", strip.left);
    reader.require("strip_right", strip.right);
    steps_.push_back(strip);
  } else {
    refuse_kind("normalizer", kind,
                "NFC, NFD, NFKC, NFKD, Lowercase, Prepend, Replace, Sequence, Strip");
  }
  reader.finish();
}

void Normalizer::apply(std::string& text) const {
  const size_t limit = kMaxGrowth * text.size() + kMaxGrowthBytes;
  for (const Step& step : steps_) {
    apply(step, text, limit);
    check_growth(text.size(), limit);
  }
}

void Normalizer::apply(const Step& step, std::string& text, size_t limit) {
  if (const auto* form = std::get_if<NormalizationForm>(&step)) {
    text = to_normal_form(text, *form);
  } else if (const auto* prepend = std::get_if<Prepend>(&step)) {
    if (!text.empty()) text.insert(0, prepend->text);
  } else if (const auto* replace = std::get_if<Replace>(&step)) {
    text = replace_all(replace->pattern, replace->content, text, limit);
  } else if (std::holds_alternative<Lowercase>(step)) {
    text = to_lower_case(text);
  } else if (const auto* strip = std::get_if<Strip>(&step)) {
    text = trim(text, strip->left, strip->right);
  }
}

}  // namespace ferrum
