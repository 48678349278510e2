#pragma once
// Unicode properties and normalisation, by ICU. Text is valid UTF-8.

#include <string>
#include <string_view>

namespace ferrum {

enum class NormalizationForm { kNfc, kNfd, kNfkc, kNfkd };

// Unicode Standard Annex 15, for the characters of Unicode 9; later ones stay as they are, since
// tokenizers are trained on text normalised by that version.
std::string to_normal_form(std::string_view text, NormalizationForm form);

// Character by character with full mappings: no context, so a final sigma stays medial.
std::string to_lower_case(std::string_view text);

bool is_white_space(char32_t c);

// \w of Unicode Technical Standard 18: alphabetic, mark, decimal digit, connector, join control.
bool is_word_character(char32_t c);

}  // namespace ferrum
