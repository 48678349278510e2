#include "text/splitter.h"

#include <algorithm>
#include <utility>

#include "text/json_kinds.h"

namespace ferrum {

SplitBehavior parse_split_behavior(const std::string& name) {
  static constexpr std::pair<std::string_view, SplitBehavior> kNames[] = {
      {"Removed", SplitBehavior::kRemoved},
      {"Isolated", SplitBehavior::kIsolated},
      {"MergedWithPrevious", SplitBehavior::kMergedWithPrevious},
      {"MergedWithNext", SplitBehavior::kMergedWithNext},
      {"Contiguous", SplitBehavior::kContiguous}};
  for (const auto& [known, behavior] : kNames) {
    if (name == known) return behavior;
  }
  refuse_kind("split behavior", name,
              "Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous");
}

void Splitter::apply(Pieces& pieces) const {
  std::vector<Pieces::Range> ranges;
  std::vector<Part> parts;
  for (const Pieces::Range piece : pieces.ranges) {
    parts.clear();
    find_parts(pieces.view(piece), parts);
    merge(parts);
    for (const Part& part : parts) {
      if (part.range.begin == part.range.end) continue;
      ranges.push_back({piece.begin + part.range.begin, piece.begin + part.range.end});
    }
  }
  pieces.ranges = std::move(ranges);
}

void Splitter::find_parts(std::string_view text, std::vector<Part>& parts) const {
  size_t last = 0;
  pattern_.for_each_match(text, [&](size_t begin, size_t end) {
    if (begin != last) parts.push_back({{last, begin}, invert_});
    parts.push_back({{begin, end}, !invert_});
    last = end;
  });
  if (last != text.size()) parts.push_back({{last, text.size()}, invert_});
}

// Joins neighbours as the behavior wants; each part is compared with the one read before it.
void Splitter::merge(std::vector<Part>& parts) const {
  if (behavior_ == SplitBehavior::kIsolated) return;
  if (behavior_ == SplitBehavior::kRemoved) {
    std::erase_if(parts, [](const Part& part) { return part.is_match; });
    return;
  }
  const bool backwards = behavior_ == SplitBehavior::kMergedWithNext;
  if (backwards) std::reverse(parts.begin(), parts.end());
  std::vector<Part> merged;
  bool previous = false;
  for (const Part& part : parts) {
    const bool join = behavior_ == SplitBehavior::kContiguous ? part.is_match == previous
                                                              : part.is_match && !previous;
    previous = part.is_match;
    if (!join || merged.empty()) {
      merged.push_back(part);
    } else if (backwards) {
      merged.back().range.begin = part.range.begin;
    } else {
      merged.back().range.end = part.range.end;
    }
  }
  if (backwards) std::reverse(merged.begin(), merged.end());
  parts = std::move(merged);
}

}  // namespace ferrum
