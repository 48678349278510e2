#pragma once
// One line at a time from a terminal, with editing and a history of this session (libedit).

#include <memory>
#include <optional>
#include <string>

namespace ferrum::cli {

class LineEditor {
 public:
  LineEditor();
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  // Nothing at the end of input (Ctrl-D). Ctrl-C empties the line and starts it anew. What is
  // pasted does not end the line: the result may hold line ends.
  std::optional<std::string> read(const std::string& prompt);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ferrum::cli
