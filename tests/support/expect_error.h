#pragma once
// What a test expects of an error.

#include <gmock/gmock.h>

#include <string>

#include "ferrum/types/error.h"

namespace ferrum::test {

// The Error that `action` throws.
template <class F>
Error error_of(F&& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "no error";
  return Error(ErrorCode::kInternal, "no error");
}

// `action` throws an Error of this code; its message, with the hint, matches `what`.
template <class F>
void expect_error(ErrorCode code, const testing::Matcher<std::string>& what, F&& action) {
  const Error error = error_of(action);
  EXPECT_EQ(to_string(error.code()), to_string(code));
  EXPECT_THAT(std::string(error.what()), what);
}

}  // namespace ferrum::test
