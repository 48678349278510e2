#pragma once
// What every place checks of a text file of a model.

#include <cstdint>
#include <string>
#include <string_view>

namespace ferrum {

// `path` names the file. Throws kInvalidFormat beyond `max_bytes`.
void check_model_text_size(const std::string& path, int64_t size, int64_t max_bytes);

// Throws kInvalidFormat for a Git-LFS pointer, an HTML page and the like.
void check_model_text(const std::string& path, std::string_view text);

}  // namespace ferrum
