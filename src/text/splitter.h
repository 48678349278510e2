#pragma once
// Cutting text at the matches of a pattern.

#include <string>
#include <string_view>
#include <vector>

#include "text/regex.h"

namespace ferrum {

// A text and the parts of it that are still to be read, in order.
struct Pieces {
  struct Range {
    size_t begin, end;
  };

  std::string text;
  std::vector<Range> ranges;  // none is empty

  std::string_view view(Range range) const {
    return std::string_view(text).substr(range.begin, range.end - range.begin);
  }
};

// What becomes of a match; the names are those of the file format.
enum class SplitBehavior {
  kRemoved,             // left out
  kIsolated,            // a piece of its own
  kMergedWithPrevious,  // ends the piece before it
  kMergedWithNext,      // begins the piece behind it
  kContiguous,          // one piece together with the matches that follow it directly
};

// Throws kUnsupported for an unknown name.
SplitBehavior parse_split_behavior(const std::string& name);

// Immutable and thread-safe.
class Splitter {
 public:
  // `invert` swaps matches and the text between them.
  Splitter(Regex pattern, SplitBehavior behavior, bool invert)
      : pattern_(std::move(pattern)), behavior_(behavior), invert_(invert) {}

  // Cuts every piece; a pattern sees one piece and nothing around it.
  void apply(Pieces& pieces) const;

 private:
  struct Part {
    Pieces::Range range;
    bool is_match;
  };

  void find_parts(std::string_view text, std::vector<Part>& parts) const;
  void merge(std::vector<Part>& parts) const;

  Regex pattern_;
  SplitBehavior behavior_;
  bool invert_;
};

}  // namespace ferrum
