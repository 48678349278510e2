#pragma once
// What string methods and text filters share.

#include <optional>
#include <string>
#include <string_view>

#include "text/jinja/runtime.h"
#include "text/jinja/value.h"

namespace ferrum::jinja {

// Strips white space, or the code points of `characters`, from the ends that are asked for.
std::string_view strip_ends(Runtime& runtime, std::string_view text, const Value* characters,
                            bool left, bool right);
// `count` < 0 replaces all.
Value replace_text(Runtime& runtime, std::string_view text, std::string_view old,
                   std::string_view with, int64_t count);
Value capitalize(Runtime& runtime, std::string_view text);
// Lines without their ends, or with them.
std::vector<Value> split_lines(Runtime& runtime, std::string_view text, bool keep_ends);
// Pads `text` to `width` code points. side: < left-aligned, > right-aligned, ^ centred.
Value justify(Runtime& runtime, std::string_view text, int64_t width, std::string_view fill,
              char side);
// Joins str() of every element where `convert`; else every element must be a string.
Value join_texts(Runtime& runtime, std::string_view separator, const Value& items, bool convert);

}  // namespace ferrum::jinja
