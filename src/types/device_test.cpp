#include "ferrum/types/device.h"

#include <gtest/gtest.h>

#include "ferrum/types/error.h"

namespace ferrum {
namespace {

TEST(Device, ReadsKindAndIndex) {
  EXPECT_EQ(parse_device("cpu"), Device::cpu());
  EXPECT_EQ(parse_device("cpu:0"), Device::cpu());
  EXPECT_EQ(parse_device("cuda"), (Device{"cuda", 0}));
  EXPECT_EQ(parse_device("cuda:12"), (Device{"cuda", 12}));
  EXPECT_EQ(parse_device("my_npu2:1"), (Device{"my_npu2", 1}));
}

TEST(Device, TextComesBackAsTheSameDevice) {
  EXPECT_EQ(to_string(Device::cpu()), "cpu");
  EXPECT_EQ(to_string(Device{"cuda", 0}), "cuda:0");
  for (const Device& device : {Device::cpu(), Device{"cpu", 1}, Device{"cuda", 0}}) {
    EXPECT_EQ(parse_device(to_string(device)), device);
  }
}

TEST(Device, AnythingElseIsRefused) {
  for (const char* text : {"", ":", ":0", "cuda:", "cuda:x", "cuda:-1", "cuda:-0", "cuda:+1",
                           "cuda:1 ", "cuda:1:2", "CUDA", "cu da", "cuda:99999999999"}) {
    EXPECT_THROW(parse_device(text), Error) << text;
  }
}

}  // namespace
}  // namespace ferrum
