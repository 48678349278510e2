#pragma once
// What exists, by name: one catalog per axis (backends, formats, sources, transformations,
// quantisations, model families).
//
// A catalog is built once in the composition root by the generated register_<axis>s functions and
// passed down; there is no global one. A part that could not be built is in it too, with the
// reason and the remedy, so that asking for it explains instead of saying "unknown".
// Not thread-safe while parts are added; immutable, and so safe to share, afterwards.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ferrum/types/error.h"

namespace ferrum {

struct MissingPart {
  std::string name;
  std::string reason;  // why this build lacks it
  std::string remedy;  // how to get it
};

template <class Part>
class Catalog {
 public:
  struct Entry {
    std::string name;
    Part part;
  };

  // `axis` names one entry in messages: "backend", "weight format".
  explicit Catalog(std::string axis) : axis_(std::move(axis)) {}

  // Throws kInvalidArgument when the name is taken.
  void add(std::string name, Part part) {
    refuse_taken(name);
    entries_.push_back({std::move(name), std::move(part)});
  }

  // Throws as add does.
  void add_missing(std::string name, std::string reason, std::string remedy) {
    refuse_taken(name);
    missing_.push_back({std::move(name), std::move(reason), std::move(remedy)});
  }

  const Part* find(std::string_view name) const {
    for (const Entry& entry : entries_) {
      if (entry.name == name) return &entry.part;
    }
    return nullptr;
  }

  // Throws kUnsupported with reason and remedy for a missing part, kNotFound with the list of
  // known names for any other.
  const Part& get(std::string_view name) const {
    if (const Part* part = find(name)) return *part;
    if (const MissingPart* part = find_missing(name)) {
      throw Error(ErrorCode::kUnsupported,
                  "this build has no " + axis_ + " '" + part->name + "': " + part->reason,
                  part->remedy);
    }
    throw Error(ErrorCode::kNotFound, "unknown " + axis_ + " '" + std::string(name) + "'",
                "known: " + known_names());
  }

  // In order of registration.
  const std::vector<Entry>& entries() const { return entries_; }
  const std::vector<MissingPart>& missing() const { return missing_; }
  const std::string& axis() const { return axis_; }

 private:
  const MissingPart* find_missing(std::string_view name) const {
    for (const MissingPart& part : missing_) {
      if (part.name == name) return &part;
    }
    return nullptr;
  }

  void refuse_taken(const std::string& name) const {
    if (!find(name) && !find_missing(name)) return;
    throw Error(ErrorCode::kInvalidArgument, axis_ + " '" + name + "' is registered twice");
  }

  std::string known_names() const {
    std::string names;
    for (const Entry& entry : entries_) names += (names.empty() ? "" : ", ") + entry.name;
    return names.empty() ? "none" : names;
  }

  std::string axis_;
  std::vector<Entry> entries_;
  std::vector<MissingPart> missing_;
};

}  // namespace ferrum
