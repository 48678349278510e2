#pragma once
// What an option's value must be, said in words.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

namespace ferrum::cli {

// Digits that fit the range; the library itself would saturate.
CLI::Validator integer_in(int64_t low, int64_t high);

// "50GB", "1.5 MiB", "1000": bytes in units of 1024, up to the largest int64. The text becomes
// plain digits.
CLI::Validator size_in_bytes();

// The parts of an option's text between marks; of "" one that is empty.
std::vector<std::string> split(const std::string& text, char mark);

// Not the empty text, which an unset shell variable becomes.
CLI::Validator not_empty();

// Throws kInvalidArgument naming `what` and the first bad byte.
void check_utf8(std::string_view text, const std::string& what);

}  // namespace ferrum::cli
