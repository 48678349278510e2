#include "text/unicode.h"

#include <limits>
#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/uniset.h>

#include "ferrum/types/error.h"
#include "text/utf8.h"

namespace ferrum {
namespace {

void check(UErrorCode status) {
  if (U_SUCCESS(status)) return;
  throw Error(ErrorCode::kInternal, std::string("ICU could not normalise: ") +
                                        u_errorName(status));
}

const icu::Normalizer2& latest_normalizer(NormalizationForm form) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* normalizer = nullptr;
  switch (form) {
    case NormalizationForm::kNfc: normalizer = icu::Normalizer2::getNFCInstance(status); break;
    case NormalizationForm::kNfd: normalizer = icu::Normalizer2::getNFDInstance(status); break;
    case NormalizationForm::kNfkc: normalizer = icu::Normalizer2::getNFKCInstance(status); break;
    case NormalizationForm::kNfkd: normalizer = icu::Normalizer2::getNFKDInstance(status); break;
  }
  check(status);
  return *normalizer;
}

// The characters of Unicode 9: the version that Hugging Face tokenizers normalises by.
const icu::UnicodeSet& normalized_characters() {
  static const icu::UnicodeSet characters = [] {
    UErrorCode status = U_ZERO_ERROR;
    icu::UnicodeSet set(u"[:Age=9.0:]", status);
    check(status);
    set.freeze();
    return set;
  }();
  return characters;
}

}  // namespace

std::string to_normal_form(std::string_view text, NormalizationForm form) {
  if (text.size() > std::numeric_limits<int32_t>::max() / 2) {
    throw Error(ErrorCode::kResourceExhausted, "text of more than 1 GiB cannot be normalised");
  }
  const icu::StringPiece input(text.data(), static_cast<int32_t>(text.size()));
  const icu::Normalizer2& latest = latest_normalizer(form);
  UErrorCode status = U_ZERO_ERROR;
  // What is normal with every character is normal with the older ones; most text is.
  const bool is_normal = latest.isNormalizedUTF8(input, status);
  check(status);
  if (is_normal) return std::string(text);
  std::string out;
  icu::StringByteSink<std::string> sink(&out, input.length());
  icu::FilteredNormalizer2(latest, normalized_characters())
      .normalizeUTF8(0, input, sink, nullptr, status);
  check(status);
  return out;
}

std::string to_lower_case(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const CodePoint c = first_code_point(text);
    if (c.value == 0x130) {
      out += "i\xCC\x87";  // the one character whose lower case is two
    } else {
      append_code_point(static_cast<char32_t>(u_tolower(static_cast<UChar32>(c.value))), out);
    }
    text.remove_prefix(c.bytes);
  }
  return out;
}

bool is_white_space(char32_t c) { return u_isUWhiteSpace(static_cast<UChar32>(c)); }

bool is_word_character(char32_t c) {
  const auto u = static_cast<UChar32>(c);
  return u_isUAlphabetic(u) || (U_GET_GC_MASK(u) & (U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK)) ||
         u_hasBinaryProperty(u, UCHAR_JOIN_CONTROL);
}

}  // namespace ferrum
