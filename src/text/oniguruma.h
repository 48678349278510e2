#pragma once
// Regular expressions of tokenizer files are in the syntax of Oniguruma's Ruby mode.

#include <string>
#include <string_view>

namespace ferrum {

// The same expression for PCRE2 with UTF, UCP and MULTILINE. Where one spelling means two things
// it is rewritten: \s \w \h \v \b, (?m), {n,m}+, {,n}, \p{Script}, nested classes. Throws
// kUnsupported for what has no counterpart or is not needed: class intersections, POSIX brackets,
// recursion, conditions, named references, callouts. Reference: doc/RE of Oniguruma 6.9.
std::string to_pcre2_syntax(std::string_view pattern);

}  // namespace ferrum
