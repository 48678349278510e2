#pragma once
// What a misspelt name may have meant.

#include <string>
#include <string_view>
#include <vector>

namespace ferrum {

// A hint naming the few candidates closest to `name`: "near names: a, b"; empty when none is close.
std::string near_names_hint(std::string_view name, const std::vector<std::string_view>& candidates);

}  // namespace ferrum
