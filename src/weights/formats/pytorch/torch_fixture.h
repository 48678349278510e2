#pragma once
// A loader over every part of this build, and checkpoints in memory, for tests of what no library
// writes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "ferrum/weights/weight_catalogs.h"
#include "support/expect_error.h"
#include "support/host_tensor_factory.h"

namespace ferrum::test {

class TorchFixture : public testing::Test {
 protected:
  static WeightSource memory(const std::string& bytes) {
    return WeightSource::memory(borrow_bytes(bytes), "x.pt");
  }
  WeightMetadata open(const std::string& bytes) { return loader->get_metadata(memory(bytes)); }
  Tensor load(const std::string& bytes) {  // its tensor "w"
    return loader->load_tensor({"w", {}, {}, Device::cpu(), memory(bytes), {}});
  }

  // As soon as it is opened.
  void expect_refused(const std::string& bytes, const testing::Matcher<std::string>& what,
                      ErrorCode code = ErrorCode::kInvalidFormat) {
    expect_error([&] { open(bytes); }, what, code);
  }
  // When its tensor is wanted.
  void expect_load_refused(const std::string& bytes, const testing::Matcher<std::string>& what,
                           ErrorCode code = ErrorCode::kInvalidFormat) {
    open(bytes);
    expect_error([&] { load(bytes); }, what, code);
  }

  HostTensorFactory factory;
  WeightCatalogs catalogs = create_weight_catalogs();
  std::unique_ptr<WeightLoader> loader = create_weight_loader(catalogs, factory);

 private:
  template <class F>
  void expect_error(F&& action, const testing::Matcher<std::string>& what, ErrorCode code) {
    test::expect_error(code, testing::AllOf(testing::HasSubstr("x.pt"), what), action);
  }
};

}  // namespace ferrum::test
