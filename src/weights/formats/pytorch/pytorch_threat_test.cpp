// Checkpoints that no library writes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ferrum/types/host_memory.h"
#include "support/torch_bytes.h"
#include "weights/formats/pytorch/torch_fixture.h"

namespace ferrum {
namespace {

using namespace std::string_literals;
using namespace torch_bytes;
using testing::AllOf;
using testing::HasSubstr;

using PytorchThreatTest = test::TorchFixture;

TEST_F(PytorchThreatTest, TheTestsOwnStreamIsRead) {
  const WeightMetadata metadata = open(stream(named(rebuild(storage(), 1, {2, 2}, {3, 1}))));
  EXPECT_EQ(metadata.tensors.at("w").shape, (Shape{2, 2}));
}

// Calls that torch made once, or makes where there is another device.
TEST_F(PytorchThreatTest, RebuildsOfOtherVersionsAreRead) {
  const std::string tensor = rebuild(storage(), 0, {2, 3}, {3, 1});
  const std::string parts = storage() + integer(0) + tuple({2, 3}) + tuple({3, 1});
  for (const std::string& value :
       {"ctorch\nFloatTensor\n(" + parts + "tR", "ctorch\nFloatTensor\n)\x81(" + parts + "tb",
        "ctorch._utils\n_rebuild_tensor\n(" + parts + "tR",
        "ctorch.nn.parameter\nParameter\n(" + tensor + "\x88t\x81",
        "ctorch._utils\n_rebuild_device_tensor_from_cpu_tensor\n(" + tensor + "ctorch\nfloat32\n" +
            text("xla:0") + "\x89tR",
        "ctorch.tensor\n_rebuild_from_type_v2\n(ctorch._utils\n_rebuild_tensor\nctorch\nTensor\n(" +
            parts + "t}tR",
        "ctorch._utils\n_rebuild_tensor\n(" + storage() + integer(0) + "ctorch\nSize\n](" +
            integer(2) + integer(3) + "e\x85R](" + integer(3) + integer(1) + "etR"}) {
    EXPECT_EQ(open(stream(named(value))).tensors.at("w").shape, (Shape{2, 3}));
  }
  // Python 2 passes the items of a dict as a list of lists.
  const std::string dict = "ccollections\nOrderedDict\n](](" + text("w") + tensor + "ee\x85R.";
  EXPECT_EQ(open(stream(dict)).tensors.count("w"), 1u);
}

TEST_F(PytorchThreatTest, ExtentsOutsideTheStorage) {
  const auto refuse = [&](int64_t offset, std::vector<int64_t> sizes,
                          std::vector<int64_t> strides, const char* why) {
    expect_refused(stream(named(rebuild(storage(), offset, sizes, strides))),
                   AllOf(HasSubstr("tensor \"w\""), HasSubstr(why)));
  };
  refuse(0, {7}, {1}, "reach outside");
  refuse(1, {6}, {1}, "reach outside");
  refuse(-1, {2}, {1}, "reach outside");
  refuse(0, {2}, {6}, "reach outside");
  refuse(INT64_MAX, {2}, {1}, "reach outside");
  refuse(0, {2}, {INT64_MAX}, "reach outside");
  refuse(0, {3, 3}, {INT64_MAX / 2, INT64_MAX / 2}, "more than 64 bits");
  refuse(0, {INT64_MAX, INT64_MAX}, {0, 0}, "does not fit in 64 bits");
  refuse(0, {INT64_MAX}, {0}, "do not fit in 64 bits");
  refuse(0, {1 << 30, 0, INT64_MAX}, {0, 1, 1}, "does not fit in 64 bits");
  refuse(5, {2}, {-1}, "negative stride -1");
  refuse(0, {-2}, {1}, "negative size -2");
  refuse(0, {2, 3}, {1}, "2 sizes and 1 strides");
  // As torch.save writes x[4:, 3:] of a matrix of four rows: nothing reaches nowhere.
  for (const int64_t offset : {int64_t{7}, INT64_MAX}) {
    EXPECT_EQ(load(stream(named(rebuild(storage(), offset, {0, 2}, {5, 1})))).numel(), 0);
  }
}

// torch counts pairs of them.
TEST_F(PytorchThreatTest, ElementsOfFourBits) {
  const auto pairs = [](std::vector<int64_t> sizes, std::vector<int64_t> strides) {
    return stream(named("ctorch._utils\n_rebuild_tensor_v3\n(" + storage() + integer(0) +
                        tuple(sizes) + tuple(strides) + "\x89}ctorch\nfloat4_e2m1fn_x2\ntR"));
  };
  EXPECT_EQ(load(pairs({2, 3}, {3, 1})).shape(), (Shape{2, 6}));
  EXPECT_EQ(load(pairs({0, 3}, {7, 7})).shape(), (Shape{0, 6}));
  const ErrorCode unsupported = ErrorCode::kUnsupported;
  expect_load_refused(pairs({2, 3}, {1, 2}), HasSubstr("not in a row"), unsupported);
  expect_load_refused(pairs({}, {}), HasSubstr("a scalar of two elements"), unsupported);
  const int64_t large = int64_t{1} << 40;
  expect_refused(pairs({large, large, 0}, {large, 1, 1}), HasSubstr("does not fit in 64 bits"));
}

TEST_F(PytorchThreatTest, RepeatedElementsTakeNoMemoryUntilTheyAreLoaded) {
  const int64_t before = peak_rss_bytes();
  const std::string bytes =
      stream(named(rebuild(storage(), 0, {int64_t{1} << 40, 6}, {0, 1})));
  EXPECT_EQ(open(bytes).total_size_bytes, int64_t{24} << 40);
  const WeightSource source = WeightSource::memory(borrow_bytes(bytes), "x.pt");
  EXPECT_THROW(loader->load_tensor({"w", {}, {}, Device::cpu(), source, {}}), Error);
  EXPECT_LT(peak_rss_bytes() - before, int64_t{8} << 20);
  std::string many = "(";
  for (int i = 0; i < 16; ++i) many += rebuild(storage(), 0, {int64_t{1} << 57}, {0});
  expect_refused(stream(many + "t."), HasSubstr("repeat more bytes"));
}

TEST_F(PytorchThreatTest, StoragesThatAreNotWhatTheyClaim) {
  const auto refuse = [&](const std::string& id, const char* why) {
    expect_refused(stream(named(rebuild(id, 0, {1}, {1}))), HasSubstr(why));
  };
  refuse(storage(7), "inside a storage of 28 bytes");
  refuse(storage(-1), "no number of elements");
  refuse(storage(INT64_MAX), "has 9223372036854775807 elements");
  refuse(storage(6, "1"), "does not use");
  refuse(storage(6, "0", "float32"), "no known class");
  refuse("(" + text("storage") + "tQ", "another id");
  refuse("K\1Q", "another id");
  const std::string two = "(" + rebuild(storage(6), 0, {1}, {1}) + rebuild(storage(5), 0, {1}, {1});
  expect_refused(stream(two + "t."), HasSubstr("not of 20 bytes"));
  expect_refused(stream(named(rebuild(storage(), 0, {1}, {1})), {"0", "0"}), HasSubstr("twice"));
  expect_refused(stream(named(rebuild(storage(), 0, {1}, {1})), {}), HasSubstr("not in the file"));
  for (const std::string& view : {"(" + text("1") + integer(3) + integer(4) + "t",
                                  "(" + text("1") + integer(-1) + integer(1) + "t",
                                  "(" + text("1") + integer(INT64_MAX) + integer(1) + "t"}) {
    refuse(storage(6, "0", "FloatStorage", view), "is no part of one of 6");
  }
  refuse(storage(6, "0", "FloatStorage", ")"), "does not say of what");
}

TEST_F(PytorchThreatTest, TheCountBeforeAStorageMustAgree) {
  std::string bytes = stream(named(rebuild(storage(), 0, {1}, {1})));
  bytes[bytes.size() - 32] = 5;
  const WeightSource source = WeightSource::memory(borrow_bytes(bytes), "x.pt");
  loader->get_metadata(source);
  try {
    loader->load_tensor({"w", {}, {}, Device::cpu(), source, {}});
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_THAT(std::string(error.what()), HasSubstr("has 5 elements in a storage"));
  }
}

TEST_F(PytorchThreatTest, ContainersThatContainThemselvesOrNestTooDeep) {
  const std::string tensor = rebuild(storage(), 0, {1}, {1});
  expect_refused(stream("]q\0h\0a."s, {}), HasSubstr("contains itself"));
  expect_refused(stream("}q\0"s + text("a") + "h\0s"s + text("t") + tensor + "s."),
                 HasSubstr("contains itself"));
  std::string deep = "(" + tensor;
  for (int i = 0; i < 100'000; ++i) deep += "\x85";
  expect_refused(stream(deep + "t."), HasSubstr("deeper than 64"));
  std::string bomb = tensor + "q\0"s;
  for (char i = 0; i < 62; ++i) {
    bomb += "(h"s + i + "h" + i + "tq" + static_cast<char>(i + 1);
  }
  expect_refused(stream("(" + bomb + "t."), HasSubstr("containers are shared"));
  std::string tied = "}";
  for (int i = 0; i < 5000; ++i) {
    tied += text(std::to_string(i)) + (i == 0 ? tensor + "q\0"s : "h\0"s) + "s";
  }
  EXPECT_EQ(open(stream(tied + ".")).tensors.size(), 5000u);
}

TEST_F(PytorchThreatTest, NamesMustBeNamesAndEachOnce) {
  const std::string tensor = rebuild(storage(), 0, {1}, {1});
  expect_refused(stream("}" + text("a.b") + tensor + "s" + text("a") + "}" + text("b") + tensor +
                        "ss."),
                 HasSubstr("two tensors called \"a.b\""));
  expect_refused(stream("}" + integer(0) + tensor + "s" + text("0") + tensor + "s."),
                 HasSubstr("two tensors called \"0\""));
  expect_refused(stream("}N" + tensor + "s."), HasSubstr("under a key that is no name"));
  expect_refused(stream(named(tensor, "\xff")), HasSubstr("no name"));
  expect_refused(stream(named(tensor, std::string(2000, 'x'))), HasSubstr("no name"));
  EXPECT_EQ(open(stream(named(tensor, "\x1b[31m"))).tensors.size(), 1u);
}

TEST_F(PytorchThreatTest, WhatCannotBeLoadedStandsBesideWhatCan) {
  const std::string sparse = "ctorch._utils\n_rebuild_sparse_tensor\n)R";
  const std::string both =
      "}" + text("sparse") + sparse + "s" + text("w") + rebuild(storage(), 0, {1}, {1}) + "s.";
  const WeightMetadata metadata = open(stream(both));
  EXPECT_EQ(load(stream(both)).numel(), 1);
  EXPECT_EQ(metadata.tensors.size(), 1u);
  EXPECT_THAT(metadata.unreadable.at("sparse"), HasSubstr("_rebuild_sparse_tensor"));

  const std::string twice =
      "}" + text("a.b") + sparse + "s" + text("a") + "}" + text("b") + sparse + "ss.";
  expect_refused(stream(twice, {}), HasSubstr("two tensors called \"a.b\""));
}

TEST_F(PytorchThreatTest, RebuildsWithOtherArguments) {
  const auto refuse = [&](const std::string& value, const char* why) {
    expect_refused(stream(named(value), {}), AllOf(HasSubstr("tensor \"w\""), HasSubstr(why)));
  };
  refuse("ctorch._utils\n_rebuild_tensor_v2\n)R", "other arguments");
  refuse("ctorch._utils\n_rebuild_tensor_v2\n(NNNNtR", "other arguments");
  refuse("ctorch._utils\n_rebuild_parameter\n)R", "other arguments");
  refuse("ctorch._utils\n_rebuild_parameter\nK\1\x85R", "made of an integer");
  refuse("ctorch._tensor\n_rebuild_from_type_v2\n(NNNNtR", "other arguments");
  refuse("ctorch._tensor\n_rebuild_from_type_v2\n(ctorch\nSize\nN)NtR", "makes no tensor");
  refuse("ctorch\nFloatTensor\n)R", "other arguments");
  refuse("ctorch\nFloatTensor\n)RNb", "other arguments");
  refuse("ctorch\nfloat32\n)R", "makes no tensor");
  refuse("ctorch\nFloatStorage\n)R", "makes no tensor");
  std::string wrapped = "N";
  for (int i = 0; i < 20; ++i) wrapped = "ctorch._utils\n_rebuild_parameter\n" + wrapped + "\x85R";
  refuse(wrapped, "wrapped more than 16 times");
}

TEST_F(PytorchThreatTest, NothingOfTheStreamIsLeftUnchecked) {
  const std::string whole = stream(named(rebuild(storage(), 0, {1}, {1})));
  open(whole);
  const auto cut = testing::AnyOf(HasSubstr("more bytes"), HasSubstr("inside a storage"));
  for (size_t i = 20; i + 1 < whole.size(); ++i) expect_refused(whole.substr(0, i), cut);
  std::string version = whole;
  version[18] = 0;
  expect_refused(version, HasSubstr("another version"));
}

}  // namespace
}  // namespace ferrum
