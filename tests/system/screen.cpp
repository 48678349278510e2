#include "system/screen.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace ferrum::testing {

std::string& Screen::line() {
  if (lines_.size() <= row_) lines_.resize(row_ + 1);
  if (lines_[row_].size() < column_) lines_[row_].resize(column_, ' ');
  return lines_[row_];
}

void Screen::write(std::string_view bytes) {
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] != '\033') {
      put(bytes[i]);
      continue;
    }
    const size_t end = bytes.find_first_not_of("0123456789;?", i + 2);
    if (i + 1 >= bytes.size() || bytes[i + 1] != '[' || end == bytes.npos) {
      throw std::runtime_error("not a control sequence: " + std::string(bytes.substr(i, 8)));
    }
    control(bytes.substr(i + 2, end - i - 2), bytes[end]);
    i = end;
  }
}

void Screen::put(char c) {
  switch (c) {
    case '\r': column_ = 0; return;
    case '\n': ++row_; return;
    case '\b': column_ -= column_ > 0; return;
    case '\a': return;
    default: break;
  }
  std::string& text = line();
  if (column_ < text.size()) text[column_] = c;
  else text += c;
  ++column_;
}

void Screen::control(std::string_view parameters, char final) {
  size_t count = 1;
  std::from_chars(parameters.data(), parameters.data() + parameters.size(), count);
  std::string& text = line();
  switch (final) {
    case 'A': row_ -= std::min(row_, count); break;
    case 'B': row_ += count; break;
    case 'C': column_ += count; break;
    case 'D': column_ -= std::min(column_, count); break;
    case 'G': column_ = count - 1; break;
    case 'K': text.resize(column_); break;
    case 'J':
      text.resize(column_);
      lines_.resize(row_ + 1);
      break;
    case 'P': text.erase(std::min(column_, text.size()), count); break;
    case '@': text.insert(std::min(column_, text.size()), count, ' '); break;
    case 'h': case 'l': case 'm': break;  // modes and colours
    default: throw std::runtime_error(std::string("unknown control sequence ") + final);
  }
}

std::vector<std::string> Screen::lines() const {
  std::vector<std::string> lines = lines_;
  for (std::string& each : lines) each.resize(each.find_last_not_of(' ') + 1);
  return lines;
}

}  // namespace ferrum::testing
