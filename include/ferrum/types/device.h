#pragma once
// Where a tensor lives: a kind of device and an index, written "cpu" or "cuda:0".
//
// The kind is a name, not an enum: a backend from outside brings its own. Known names are "cpu",
// "cuda", "rocm", "metal", "opencl". A device may be named whether or not this machine has it.

#include <compare>
#include <string>
#include <string_view>

namespace ferrum {

struct Device {
  std::string kind = "cpu";
  int index = 0;

  static Device cpu() { return {}; }

  bool is_cpu() const { return kind == "cpu"; }
  auto operator<=>(const Device&) const = default;
};

// "cpu" for the only CPU, "<kind>:<index>" for every other device.
std::string to_string(const Device& device);

// Accepts "cpu", "cuda", "cuda:1". Throws kInvalidArgument for anything else.
Device parse_device(std::string_view text);

}  // namespace ferrum
