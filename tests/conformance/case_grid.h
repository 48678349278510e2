#pragma once
// The dtypes, layouts and sizes that every operation is tried with.

#include <array>
#include <string>

#include "conformance/op_case.h"

namespace ferrum::conformance {

inline constexpr std::array kFloats{DataType::kF32, DataType::kF16, DataType::kBF16};
inline constexpr std::array kLayouts{Layout::kContiguous, Layout::kOffset, Layout::kPadded,
                                     Layout::kTransposed};

// Of a sum in f32, in any order, of `length` terms of magnitude one: each of its steps rounds a
// partial sum of at most `length`, but rounding errors mostly cancel.
inline double sum_tolerance(int64_t length) { return 0x1p-23 * static_cast<double>(4 + length); }

// Fills in the name and the bytes from the arguments.
inline void add_case(OpCases& cases, OpCase op_case) {
  op_case.name = op_case.op;
  const auto count = [&](const std::vector<Argument>& arguments, const char* separator) {
    for (const Argument& argument : arguments) {
      op_case.name += separator + describe(argument);
      op_case.bytes += static_cast<double>(bytes_of(argument.dtype, argument.shape.numel()));
    }
  };
  count(op_case.inputs, " ");
  count(op_case.outputs, " -> ");
  cases.push_back(std::move(op_case));
}

}  // namespace ferrum::conformance
