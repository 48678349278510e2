#pragma once
// What a command line may hold and no screen or file may show.

#include <string>
#include <string_view>

namespace ferrum::cli {

// The URLs in `text` without user, password, query and fragment. A URL ends at a blank.
std::string without_secrets(std::string_view text);

}  // namespace ferrum::cli
