#include "ferrum/types/function_ref.h"

#include <gtest/gtest.h>

#include <memory>

namespace ferrum {
namespace {

int call(FunctionRef<int(int)> f) { return f(20); }
int twice(int x) { return 2 * x; }

TEST(FunctionRef, CallsLambdasFunctorsAndFunctionPointers) {
  int offset = 2;
  EXPECT_EQ(call([&](int x) { return x + offset; }), 22);
  EXPECT_EQ(call(&twice), 40);
  const auto constant = [](int x) { return x; };
  EXPECT_EQ(call(constant), 20);
  struct Counter {
    int calls = 0;
    int operator()(int) { return ++calls; }
  } counter;
  call(counter);
  EXPECT_EQ(call(counter), 2);  // the object itself, not a copy
  EXPECT_EQ(counter.calls, 2);
}

TEST(FunctionRef, DropsTheResultWhereNoneIsWanted) {
  int calls = 0;
  const auto counting = [&] { return ++calls; };
  const FunctionRef<void()> ref = counting;
  ref();
  EXPECT_EQ(calls, 1);
}

TEST(FunctionRef, PassesArgumentsOnAsTheyCame) {
  const auto take = [](std::unique_ptr<int> p, int& out) { out = *p; };
  const FunctionRef<void(std::unique_ptr<int>, int&)> ref = take;
  int out = 0;
  ref(std::make_unique<int>(5), out);
  EXPECT_EQ(out, 5);
}

TEST(FunctionRef, ACopyCallsTheSameObject) {
  int calls = 0;
  const auto count = [&] { ++calls; };
  const FunctionRef<void()> ref = count;
  const FunctionRef<void()> copy = ref;
  copy();
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace ferrum
