#pragma once
// From tokens to a program.

#include <string_view>

#include "text/jinja/statements.h"

namespace ferrum::jinja {

// Throws kInvalidFormat with the line for what is not a template of the dialect, and names what
// the dialect has not: unknown statements, and unknown filters and tests outside conditions.
Block parse_template(std::string_view source);

}  // namespace ferrum::jinja
