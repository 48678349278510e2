#pragma once
// What a MODEL or TARGET argument names.

#include <string>
#include <string_view>

#include "ferrum/weights/weight_reader.h"

namespace ferrum::cli {

// Whether it is one weight file and not a model's folder: on this machine by what lies there,
// elsewhere by its name.
bool is_one_file(const std::string& target, const FormatCatalog& formats);

// Whether it is a path on this machine.
bool is_here(const std::string& target);

// Whether a file of a model is one that running it needs besides its weights, as names end.
bool is_beside_weights(std::string_view name);

}  // namespace ferrum::cli
