#pragma once
// The files of one model: a directory, or the same files embedded in memory.
//
// Thread-safe.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ferrum/types/json.h"
#include "ferrum/weights/weight_source.h"

namespace ferrum {

class ModelFiles {
 public:
  virtual ~ModelFiles() = default;

  // Names relative to the model, such as "config.json". Nothing outside the model can be named.
  virtual std::vector<std::string> names() const = 0;
  virtual bool contains(std::string_view name) const = 0;
  // The whole file. Throws kNotFound; kInvalidFormat beyond `max_bytes` or for a Git-LFS pointer.
  virtual std::string read_text(std::string_view name, int64_t max_bytes) const = 0;
  // Throws kNotFound.
  virtual WeightSource weight_source(std::string_view name) const = 0;
  virtual std::string location() const = 0;  // for messages: the path, or "embedded model"
};

// A file of JSON. Throws as read_text and parse_json do, naming the model's location.
inline constexpr int64_t kMaxConfigBytes = int64_t{16} << 20;
Json read_json(const ModelFiles& files, std::string_view name);
OrderedJson read_ordered_json(const ModelFiles& files, std::string_view name);

// Calls `read`, which knows only the text of a file; the error that it throws gets the model's
// location before its message.
template <class F>
auto at_location(const ModelFiles& files, F&& read) try {
  return read();
} catch (const Error& error) {
  throw error.with_context(files.location());
}

// Throws kNotFound for a path that does not exist, kInvalidArgument for one that is not a
// directory.
std::unique_ptr<ModelFiles> open_model_directory(const std::string& path);

// Files that lie in memory and outlive the result.
std::unique_ptr<ModelFiles> open_embedded_model(
    std::vector<std::pair<std::string, std::string_view>> files, std::string location);

}  // namespace ferrum
