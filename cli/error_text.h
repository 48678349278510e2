#pragma once
// The one face of an error on standard error.

#include <string>

#include "ferrum/types/error.h"

namespace ferrum::cli {

// "error: what happened. What to do.", made safe to show. `more`: one sentence that follows.
void write_error(const Error& error, const std::string& more = {});

}  // namespace ferrum::cli
