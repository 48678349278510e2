#pragma once
// Is it text at all?

#include <cstddef>
#include <optional>
#include <string_view>

namespace ferrum {

// The position of the first byte that neither begins nor continues a character of UTF-8 (Unicode
// 15, table 3-7); nothing when all of it is valid.
std::optional<size_t> find_invalid_utf8(std::string_view bytes);

}  // namespace ferrum
