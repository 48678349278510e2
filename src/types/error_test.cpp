#include "ferrum/types/error.h"

#include <gtest/gtest.h>

#include <set>

namespace ferrum {
namespace {

TEST(Error, KeepsItsPartsAndJoinsThemInWhat) {
  const Error error(ErrorCode::kNotFound, "no file 'a'", "check the path");
  EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  EXPECT_EQ(error.message(), "no file 'a'");
  EXPECT_EQ(error.hint(), "check the path");
  EXPECT_STREQ(error.what(), "no file 'a'. check the path");
  EXPECT_STREQ(Error(ErrorCode::kIo, "disk full").what(), "disk full");
}

TEST(Error, ContextGoesBeforeTheMessage) {
  const Error error = Error(ErrorCode::kIo, "read failed", "retry").with_context("model.bin");
  EXPECT_EQ(error.code(), ErrorCode::kIo);
  EXPECT_EQ(error.message(), "model.bin: read failed");
  EXPECT_EQ(error.hint(), "retry");
}

TEST(Error, EveryCodeHasItsOwnName) {
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(ErrorCode::kInternal); ++code) {
    names.insert(to_string(static_cast<ErrorCode>(code)));
  }
  EXPECT_EQ(names.size(), static_cast<size_t>(ErrorCode::kInternal) + 1);
  EXPECT_EQ(to_string(ErrorCode::kResourceExhausted), "resource_exhausted");
}

}  // namespace
}  // namespace ferrum
