#pragma once
// What a MODEL or TARGET argument names.

#include <optional>
#include <string>
#include <string_view>

#include "ferrum/weights/model_files.h"
#include "ferrum/weights/weight_catalogs.h"

namespace ferrum::cli {

// The one file that it names; nothing for a model's folder. `from`: how to read it,
// "FORMAT[:OPTION=VALUE,...]" such as "raw:dtype=f16,shape=32000x2048", which says that it is a
// file; empty: as its content says. Throws UsageError, and as find_weight_file.
inline constexpr const char* kFromHelp =
    "Read one file as this format, with its options: raw:dtype=f16,shape=32000x2048,offset=512; "
    "numpy:dtype=bf16; pytorch:key=model.state (default: as its content says)";
std::optional<WeightSource> find_file_target(const WeightCatalogs& catalogs,
                                             const std::string& target, const std::string& from,
                                             const WeightLoaderConfig& config);

// Whether it is a path on this machine.
bool is_here(const std::string& target);

// Whether a file of a model is one that running it needs besides its weights, as names end.
bool is_beside_weights(std::string_view name);

// Web servers list no files: afterwards names() has those that running it needs.
void ask_for_texts(const ModelFiles& files);

}  // namespace ferrum::cli
