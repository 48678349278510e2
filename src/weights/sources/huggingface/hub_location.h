#pragma once
// How models of the Hugging Face Hub and their files are named, and which names are taken: they
// become parts of paths and URLs.

#include <optional>
#include <string>
#include <string_view>

#include "ferrum/weights/weight_source.h"

namespace ferrum {

struct HubLocation {
  std::string repo_id;                   // "org/name", or "name" of old
  std::string revision = "main";         // a branch, tag, or commit of 40 digits
  std::string filename;                  // empty: the whole model
  std::optional<std::string> cache_dir;  // in the layout of the Hub's own tools

  // "hf:org/name@revision/file" as far as it goes; revision only where it is not "main".
  std::string to_string() const;
};

// "hf:org/name[@revision]"; a revision may hold slashes. Throws kInvalidArgument, as all here do.
HubLocation parse_hub_model(const std::string& location);
// "hf:org/name[@revision]/path/file"; slashes of a revision are written %2F.
HubLocation parse_hub_file(const std::string& location);

// {"repo_id", "filename", "revision"?, "cache_dir"?}
HubLocation parse_hub_source(const WeightSource& source);
WeightSource hub_source(const HubLocation& location);

}  // namespace ferrum
