#pragma once
// What a terminal shows after the bytes that were written to it.

#include <string>
#include <string_view>
#include <vector>

namespace ferrum::testing {

// Wide enough that nothing wraps, and without scrolling. Knows the control sequences that line
// editing sends to an xterm; throws for any other, since what it shows would be a guess.
class Screen {
 public:
  void write(std::string_view bytes);
  // Lines without the spaces at their ends.
  std::vector<std::string> lines() const;

 private:
  void put(char c);
  void control(std::string_view parameters, char final);
  std::string& line();

  std::vector<std::string> lines_;
  size_t row_ = 0, column_ = 0;
};

}  // namespace ferrum::testing
