#include "ferrum/tensor/tensor.h"

#include <gtest/gtest.h>

#include <array>
#include <numeric>

namespace ferrum {
namespace {

class Lent final : public Storage {
 public:
  Lent(void* data, int64_t size, bool writable) : Storage(data, size, Device::cpu(), writable) {}
};

class TensorTest : public testing::Test {
 protected:
  TensorTest() { std::iota(values_.begin(), values_.end(), 0.0f); }

  // [2, 3, 4] holding 0 .. 23.
  Tensor counting(bool writable = true) {
    return Tensor(std::make_shared<Lent>(values_.data(), 24 * 4, writable), {2, 3, 4},
                  DataType::kF32);
  }

  static std::vector<float> elements(const Tensor& t) {
    std::vector<float> result;
    for (int64_t i = 0; i < t.numel(); ++i) {
      int64_t rest = i, offset = 0;
      for (int d = t.rank() - 1; d >= 0; --d) {
        offset += rest % t.dim(d) * t.stride(d);
        rest /= t.dim(d);
      }
      result.push_back(t.data<float>()[offset]);
    }
    return result;
  }

  std::array<float, 24> values_{};
};

TEST_F(TensorTest, RefusesToReachPastTheStorage) {
  const auto storage = std::make_shared<Lent>(values_.data(), 24 * 4, true);
  EXPECT_THROW(Tensor(storage, {5, 5}, DataType::kF32), Error);
  EXPECT_THROW(Tensor(storage, {24}, DataType::kF32, 4), Error);
  EXPECT_THROW(Tensor(storage, {1}, DataType::kF32, -4), Error);
  EXPECT_THROW(Tensor(storage, {1}, DataType::kF32, INT64_MAX), Error);
  EXPECT_NO_THROW(Tensor(storage, {23}, DataType::kF32, 4));
}

TEST_F(TensorTest, StridesMayTransposeExpandAndOverlap) {
  const auto storage = std::make_shared<Lent>(values_.data(), 24 * 4, true);
  const auto strided = [&](const Shape& shape, std::vector<int64_t> strides, int64_t offset) {
    return Tensor::strided(storage, shape, strides, DataType::kF32, offset);
  };
  EXPECT_EQ(elements(strided({2, 3}, {1, 8}, 4)), (std::vector<float>{1, 9, 17, 2, 10, 18}));
  EXPECT_EQ(elements(strided({2, 2}, {0, 23}, 0)), (std::vector<float>{0, 23, 0, 23}));
  EXPECT_EQ(elements(strided({3, 2}, {1, 1}, 0)), (std::vector<float>{0, 1, 1, 2, 2, 3}));
  EXPECT_TRUE(strided({1, 24}, {INT64_MAX, 1}, 0).is_contiguous());
  EXPECT_TRUE(strided({0, 3}, {7, INT64_MAX}, 96).is_contiguous());
  EXPECT_EQ(elements(strided({}, {}, 92)), (std::vector<float>{23}));
  EXPECT_THROW(strided({2}, {24}, 0), Error);
  EXPECT_THROW(strided({2}, {1}, 92), Error);
  EXPECT_THROW(strided({2}, {1}, -4), Error);
  EXPECT_THROW(strided({2}, {-1}, 4), Error);
  EXPECT_THROW(strided({2}, {}, 0), Error);
  EXPECT_THROW(strided({2}, {INT64_MAX}, 0), Error);
  EXPECT_THROW(strided({3, 3}, {INT64_MAX / 2, INT64_MAX / 2}, 0), Error);
  EXPECT_THROW(strided({0}, {1}, 97), Error);
  EXPECT_THROW(Tensor::strided(storage, {2}, std::array<int64_t, 1>{1}, DataType::kI4, 0), Error);
}

TEST_F(TensorTest, ViewsShareElements) {
  const Tensor t = counting();
  EXPECT_EQ(elements(t.narrow(2, 1, 2).narrow(1, 2, 1)), (std::vector<float>{9, 10, 21, 22}));
  EXPECT_EQ(elements(t.select(0, 1).select(-1, 0)), (std::vector<float>{12, 16, 20}));
  EXPECT_EQ(elements(t.select(0, 0).transpose(0, 1)),
            (std::vector<float>{0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11}));
  EXPECT_EQ(t.permute(std::array{2, 0, 1}).shape(), (Shape{4, 2, 3}));
  const auto parts = t.split(std::array<int64_t, 2>{1, 2}, 1);
  EXPECT_EQ(elements(parts[1].select(0, 0)), (std::vector<float>{4, 5, 6, 7, 8, 9, 10, 11}));
  t.narrow(0, 1, 1).mutable_data<float>()[0] = 100;
  EXPECT_EQ(values_[12], 100);
}

TEST_F(TensorTest, ViewsCheckBounds) {
  const Tensor t = counting();
  EXPECT_THROW(t.narrow(0, 1, 2), Error);
  EXPECT_THROW(t.narrow(0, -1, 1), Error);
  EXPECT_THROW(t.narrow(0, INT64_MAX, 2), Error);
  EXPECT_THROW(t.narrow(3, 0, 1), Error);
  EXPECT_THROW(t.split(std::array<int64_t, 2>{1, 1}, 1), Error);
  EXPECT_THROW(t.permute(std::array{0, 0, 1}), Error);
  EXPECT_THROW(t.permute(std::array{0, 1}), Error);
  EXPECT_THROW(t.select(0, 2), Error);
  EXPECT_NO_THROW(t.narrow(0, 2, 0));
}

TEST_F(TensorTest, ReshapesWhatStridesAllow) {
  const Tensor t = counting();
  EXPECT_EQ(elements(t.reshape({4, 6}).select(0, 1)), (std::vector<float>{6, 7, 8, 9, 10, 11}));
  EXPECT_THROW(t.reshape({5, 5}), Error);
  // [2, 3, 2] of padded rows: the outer two merge, the inner ones do not.
  const Tensor padded = t.narrow(2, 0, 2);
  EXPECT_EQ(elements(padded.reshape({6, 2}).select(1, 1)),
            (std::vector<float>{1, 5, 9, 13, 17, 21}));
  EXPECT_THROW(padded.reshape({2, 6}), Error);
  EXPECT_EQ(elements(padded.reshape({1, 2, 3, 1, 2, 1})), elements(padded));
  EXPECT_EQ(t.narrow(1, 0, 0).reshape({0, 7}).shape(), (Shape{0, 7}));
  const Tensor column = t.select(0, 0).select(1, 2);
  EXPECT_EQ(elements(column.reshape({3, 1})), (std::vector<float>{2, 6, 10}));
}

TEST_F(TensorTest, GuardsTypeAndWriting) {
  const Tensor t = counting(false);
  EXPECT_THROW(t.data<int32_t>(), Error);
  EXPECT_THROW(t.mutable_data<float>(), Error);
  EXPECT_NO_THROW(t.data<float>());
  EXPECT_THROW(Tensor().data<float>(), Error);
}

TEST_F(TensorTest, PackedTypesStayContiguous) {
  const auto storage = std::make_shared<Lent>(values_.data(), 96, true);
  const Tensor packed(storage, {4, 6}, DataType::kI4);
  EXPECT_EQ(packed.size_bytes(), 12);
  EXPECT_EQ(packed.narrow(0, 2, 2).byte_offset(), 6);
  EXPECT_THROW(packed.narrow(1, 0, 2), Error);
  EXPECT_THROW(packed.transpose(0, 1), Error);
}

}  // namespace
}  // namespace ferrum
