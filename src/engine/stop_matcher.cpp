#include "engine/stop_matcher.h"

#include <algorithm>
#include <utility>

namespace ferrum {
namespace {

// Length of the longest end of `text` that is a beginning of `stop`.
size_t overlap(std::string_view text, std::string_view stop) {
  for (size_t length = std::min(text.size(), stop.size()); length > 0; --length) {
    if (text.ends_with(stop.substr(0, length))) return length;
  }
  return 0;
}

}  // namespace

std::string StopMatcher::push(std::string_view text) {
  if (stopped_) return {};
  held_ += text;
  size_t first = std::string::npos;
  size_t hold = 0;
  for (const std::string& stop : stop_) {
    first = std::min(first, held_.find(stop));
    hold = std::max(hold, overlap(held_, stop));
  }
  stopped_ = first != std::string::npos;
  const size_t pass = stopped_ ? first : held_.size() - hold;
  std::string out = held_.substr(0, pass);
  held_.erase(0, stopped_ ? held_.size() : pass);
  return out;
}

std::string StopMatcher::finish() { return std::exchange(held_, {}); }

}  // namespace ferrum
