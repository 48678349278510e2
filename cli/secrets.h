#pragma once
// What a command line may hold and no screen or file may show.

#include <string>
#include <string_view>

namespace ferrum::cli {

// `text` without what a URL in it, or what was meant as one ("user:password@host", "name?token=x"),
// has of users, passwords, queries and fragments. Each ends at a blank.
std::string without_secrets(std::string_view text);

}  // namespace ferrum::cli
