#pragma once
// Finds stop strings in text that arrives in pieces, and never lets a part of one through.

#include <string>
#include <string_view>
#include <vector>

namespace ferrum {

class StopMatcher {
 public:
  // None of the strings is empty.
  explicit StopMatcher(std::vector<std::string> stop) : stop_(std::move(stop)) {}

  // What is certain to come before any stop string. After the first one found, stopped() is true
  // and nothing more comes out.
  std::string push(std::string_view text);
  // What was held back because it might have begun a stop string.
  std::string finish();
  bool stopped() const { return stopped_; }

 private:
  std::vector<std::string> stop_;
  std::string held_;
  bool stopped_ = false;
};

}  // namespace ferrum
