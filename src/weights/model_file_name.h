#pragma once

#include <string_view>

namespace ferrum {

// True for a relative path that stays inside its folder and is the same on every system.
bool is_model_file_name(std::string_view name);

}  // namespace ferrum
