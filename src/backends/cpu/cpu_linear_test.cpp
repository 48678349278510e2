// CpuLinearOps against sums in double, on every instruction set of this machine.

#include "backends/cpu/cpu_linear.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <new>
#include <random>
#include <string>
#include <vector>

#include "backends/cpu/kernels/scalar_elements.h"

namespace ferrum {
namespace {

using cpu::load_element;
using cpu::store_element;

class LentStorage final : public Storage {
 public:
  LentStorage(void* data, int64_t size) : Storage(data, size, Device::cpu(), true) {}
};

int64_t size_of(DataType dtype) { return bits_of(dtype) / 8; }

// A matrix of random elements with `gap` unused elements after each row, `shift` bytes off the
// alignment of a cache line. It ends where its allocation ends, so that AddressSanitizer sees reads
// past it.
class Matrix {
 public:
  Matrix(int64_t rows, int64_t columns, DataType dtype, int64_t gap, int64_t shift, uint32_t seed)
      : stride_(columns + gap), dtype_(dtype) {
    const int64_t elements = rows ? rows * stride_ - gap : 0;
    const int64_t size = elements * size_of(dtype) + shift;
    bytes_.reset(static_cast<char*>(::operator new(static_cast<size_t>(size), kLine)));
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    for (int64_t i = 0; i < elements; ++i) {
      store_element(bytes_.get() + shift, dtype, i, normal(random));
    }
    const auto storage =
        std::make_shared<LentStorage>(bytes_.get(), size + gap * size_of(dtype));
    tensor_ = Tensor(storage, {rows, stride_}, dtype, shift).narrow(1, 0, columns);
  }

  const Tensor& tensor() const { return tensor_; }
  float at(int64_t row, int64_t column) const {
    return load_element(tensor_.raw_data(), dtype_, row * stride_ + column);
  }
  void set(int64_t row, int64_t column, float value) {
    store_element(tensor_.mutable_raw_data(), dtype_, row * stride_ + column, value);
  }

 private:
  static constexpr std::align_val_t kLine{64};
  struct Free { void operator()(char* p) const { ::operator delete(p, kLine); } };

  int64_t stride_;
  DataType dtype_;
  std::unique_ptr<char, Free> bytes_;
  Tensor tensor_;
};

struct Case {
  int64_t tokens, in, out;
  DataType weight = DataType::kF32;
  DataType x = DataType::kF32;
  DataType y = DataType::kF32;
  bool bias = false;
  int64_t gap = 0;
  int64_t shift = 0;
};

std::string describe(const Case& c, Isa isa) {
  std::string text(to_string(isa));
  for (int64_t n : {c.tokens, c.in, c.out, c.gap, c.shift}) text += " " + std::to_string(n);
  for (DataType d : {c.weight, c.x, c.y}) text += " " + std::string(to_string(d));
  return text;
}

double unit(DataType dtype) {
  return dtype == DataType::kF32 ? 0x1p-24 : dtype == DataType::kF16 ? 0x1p-11 : 0x1p-8;
}

void check(const Case& c, Isa isa, ThreadPool& pool) {
  SCOPED_TRACE(describe(c, isa));
  const Matrix x(c.tokens, c.in, c.x, c.gap, c.shift, 1);
  const Matrix w(c.out, c.in, c.weight, 0, c.shift, 2);
  const Matrix b(1, c.out, c.weight, 0, c.shift, 3);
  const Matrix y(c.tokens, c.out, c.y, c.gap, c.shift, 4);
  CpuLinearOps ops(pool, isa);
  const auto packed = ops.pack(w.tensor());
  const Tensor bias = c.bias ? b.tensor().reshape({c.out}) : Tensor();
  ops.linear(x.tensor(), *packed, bias, y.tensor());
  const bool may_round_x = c.weight == DataType::kBF16 && c.x != DataType::kBF16;
  for (int64_t t = 0; t < c.tokens; ++t) {
    for (int64_t o = 0; o < c.out; ++o) {
      double sum = c.bias ? b.at(0, o) : 0.0, rounded = sum, size = std::abs(sum);
      for (int64_t i = 0; i < c.in; ++i) {
        const double product = static_cast<double>(x.at(t, i)) * w.at(o, i);
        sum += product;
        rounded += static_cast<double>(to_float(to_bfloat16(x.at(t, i)))) * w.at(o, i);
        size += std::abs(product);
      }
      const double bound = size * 0x1p-22 * (1 + std::sqrt(static_cast<double>(c.in))) +
                           unit(c.y) * std::abs(sum) * 1.01 + 1e-30;
      const double wrong = std::abs(y.at(t, o) - sum);
      const double wrong_rounded = std::abs(y.at(t, o) - rounded);
      const double least = may_round_x ? std::min(wrong, wrong_rounded) : wrong;
      ASSERT_LE(least, bound) << "token " << t << " row " << o << ": " << y.at(t, o) << " for "
                              << sum;
    }
  }
}

class CpuLinear : public testing::TestWithParam<Isa> {
 protected:
  ThreadPool pool_{3};
};

constexpr DataType kFloats[] = {DataType::kF32, DataType::kF16, DataType::kBF16};

TEST_P(CpuLinear, EveryTokenCount) {
  for (DataType weight : kFloats) {
    for (int64_t tokens = 0; tokens <= 70; ++tokens) {
      check({.tokens = tokens, .in = 67, .out = 37, .weight = weight, .bias = true}, GetParam(),
            pool_);
    }
  }
}

TEST_P(CpuLinear, OddWidths) {
  for (DataType weight : kFloats) {
    for (int64_t in : {0, 1, 2, 15, 16, 17, 31, 32, 33, 63, 65, 192}) {
      for (int64_t out : {0, 1, 3, 15, 16, 17, 33, 97}) {
        for (int64_t tokens : {1, 5, 19}) {
          check({.tokens = tokens, .in = in, .out = out, .weight = weight}, GetParam(), pool_);
        }
      }
    }
  }
}

TEST_P(CpuLinear, EveryDtypeStridedAndUnaligned) {
  for (DataType weight : kFloats) {
    for (DataType x : kFloats) {
      for (DataType y : kFloats) {
        for (int64_t tokens : {1, 4, 33}) {
          for (int64_t shift : {0, 4, 1}) {
            check({tokens, 77, 45, weight, x, y, true, 5, shift}, GetParam(), pool_);
          }
        }
      }
    }
  }
}

TEST_P(CpuLinear, DeeperAndWiderThanTheCacheBlocks) {
  for (DataType weight : kFloats) {
    for (int64_t tokens : {2, 40}) {
      check({.tokens = tokens, .in = 2500, .out = 41, .weight = weight}, GetParam(), pool_);
    }
    check({.tokens = 530, .in = 70, .out = 41, .weight = weight}, GetParam(), pool_);
    check({.tokens = 21, .in = 130, .out = 1100, .weight = weight}, GetParam(), pool_);
  }
}

TEST_P(CpuLinear, ARowDoesNotDependOnItsCompany) {
  constexpr int64_t kTokens = 40, kIn = 1100, kOut = 50;
  for (DataType weight : kFloats) {
    const Matrix x(kTokens, kIn, DataType::kF32, 0, 0, 5);
    const Matrix w(kOut, kIn, weight, 0, 0, 6);
    const Matrix together(kTokens, kOut, DataType::kF32, 0, 0, 7);
    const Matrix alone(kTokens, kOut, DataType::kF32, 0, 0, 8);
    CpuLinearOps ops(pool_, GetParam());
    const auto packed = ops.pack(w.tensor());
    ops.linear(x.tensor(), *packed, Tensor(), together.tensor());
    for (int64_t t = 0; t < kTokens; ++t) {
      ops.linear(x.tensor().narrow(0, t, 1), *packed, Tensor(), alone.tensor().narrow(0, t, 1));
      for (int64_t o = 0; o < kOut; ++o) {
        ASSERT_NEAR(together.at(t, o), alone.at(t, o), 1e-5 * std::sqrt(1.0 * kIn));
      }
    }
  }
}

TEST_P(CpuLinear, NotANumberReachesItsRowAndNoOther) {
  for (int64_t tokens : {1, 3, 20}) {
    Matrix x(tokens, 50, DataType::kF32, 0, 0, 9);
    const Matrix w(20, 50, DataType::kBF16, 0, 0, 10);
    const Matrix y(tokens, 20, DataType::kF32, 0, 0, 11);
    x.set(tokens - 1, 49, std::numeric_limits<float>::quiet_NaN());
    CpuLinearOps ops(pool_, GetParam());
    ops.linear(x.tensor(), *ops.pack(w.tensor()), Tensor(), y.tensor());
    for (int64_t t = 0; t < tokens; ++t) {
      for (int64_t o = 0; o < 20; ++o) EXPECT_EQ(std::isnan(y.at(t, o)), t == tokens - 1);
    }
  }
}

TEST_P(CpuLinear, NotANumberInAWeightReachesItsColumnAndNoOther) {
  for (DataType weight : kFloats) {
    for (int64_t tokens : {1, 20}) {
      const Matrix x(tokens, 33, DataType::kF32, 0, 0, 12);
      Matrix w(20, 33, weight, 0, 0, 13);
      const Matrix y(tokens, 20, DataType::kF32, 0, 0, 14);
      w.set(7, 0, std::numeric_limits<float>::infinity());
      w.set(8, 0, std::numeric_limits<float>::quiet_NaN());
      CpuLinearOps ops(pool_, GetParam());
      ops.linear(x.tensor(), *ops.pack(w.tensor()), Tensor(), y.tensor());
      for (int64_t o = 0; o < 20; ++o) {
        EXPECT_EQ(std::isfinite(y.at(0, o)), o != 7 && o != 8) << o;
      }
    }
  }
}

// In one go, over every way a task is cut: the same as its parts, up to the rounding that they add.
TEST_P(CpuLinear, GatedIsTheProductOfItsLayers) {
  struct Size { int64_t tokens, rows, in; };
  for (const Size& s : {Size{1, 40, 64}, {17, 64, 70}, {100, 33, 2048}, {300, 96, 2080}}) {
    for (DataType out : {DataType::kF32, DataType::kBF16}) {
      const Matrix x(s.tokens, s.in, DataType::kF32, 0, 0, 1);
      const Matrix gate(s.rows, s.in, DataType::kBF16, 0, 0, 2);
      const Matrix up(s.rows, s.in, DataType::kBF16, 0, 0, 3);
      const Matrix bias(1, s.rows, DataType::kF32, 0, 0, 4);
      const Matrix a(s.tokens, s.rows, DataType::kF32, 0, 0, 5);
      const Matrix b(s.tokens, s.rows, DataType::kF32, 0, 0, 6);
      const Matrix y(s.tokens, s.rows, out, 0, 0, 7), work(s.tokens, s.rows, out, 0, 0, 8);
      CpuLinearOps ops(pool_, GetParam());
      const auto g = ops.pack(gate.tensor()), u = ops.pack(up.tensor());
      const Tensor row = bias.tensor().reshape({s.rows});
      ops.linear(x.tensor(), *g, row, a.tensor());
      ops.linear(x.tensor(), *u, Tensor(), b.tensor());
      ops.gated_linear(x.tensor(), {*g, row, y.tensor()}, {*u, Tensor(), work.tensor()});
      for (int64_t t = 0; t < s.tokens; ++t) {
        for (int64_t r = 0; r < s.rows; ++r) {
          const double expected = a.at(t, r) / (1 + std::exp(-a.at(t, r))) * b.at(t, r);
          // Either factor and the result rounded to bf16; silu magnifies an error 1 + |a| times.
          const double bound =
              out == DataType::kF32 ? 1e-5 : 0x1p-8 * (3 + std::fabs(a.at(t, r)));
          ASSERT_NEAR(y.at(t, r), expected, bound * (std::fabs(expected) + 1e-3))
              << t << " " << r << " of " << s.tokens << " " << s.rows << " " << s.in;
        }
      }
    }
  }
}

TEST_P(CpuLinear, AGroupIsItsLayers) {
  for (int64_t tokens : {1, 33, 300}) {
    const Matrix x(tokens, 70, DataType::kF32, 0, 0, 1);
    const Matrix first(40, 70, DataType::kBF16, 0, 0, 2), second(200, 70, DataType::kBF16, 0, 0, 3);
    const Matrix third(7, 70, DataType::kF32, 0, 0, 4);
    CpuLinearOps ops(pool_, GetParam());
    const std::unique_ptr<LinearWeight> packed[] = {
        ops.pack(first.tensor()), ops.pack(second.tensor()), ops.pack(third.tensor())};
    std::vector<Matrix> alone, together;
    for (const auto& weight : packed) {
      alone.emplace_back(tokens, weight->out_features(), DataType::kF32, 0, 0, 5);
      together.emplace_back(tokens, weight->out_features(), DataType::kF32, 0, 0, 6);
    }
    const Tensor none;
    const Tensor out[] = {together[0].tensor(), together[1].tensor(), together[2].tensor()};
    const LinearTarget targets[] = {
        {*packed[0], none, out[0]}, {*packed[1], none, out[1]}, {*packed[2], none, out[2]}};
    ops.linear_group(x.tensor(), targets);
    for (size_t i = 0; i < 3; ++i) {
      ops.linear(x.tensor(), *packed[i], none, alone[i].tensor());
      for (int64_t t = 0; t < tokens; ++t) {
        for (int64_t r = 0; r < packed[i]->out_features(); ++r) {
          ASSERT_EQ(together[i].at(t, r), alone[i].at(t, r)) << i << " " << t << " " << r;
        }
      }
    }
  }
}

TEST_P(CpuLinear, RefusesWhatDoesNotFit) {
  const Matrix x(2, 8, DataType::kF32, 0, 0, 1);
  const Matrix w(4, 9, DataType::kF32, 0, 0, 2);
  const Matrix y(2, 4, DataType::kF32, 0, 0, 3);
  CpuLinearOps ops(pool_, GetParam());
  EXPECT_THROW(ops.linear(x.tensor(), *ops.pack(w.tensor()), Tensor(), y.tensor()), Error);
  EXPECT_THROW(ops.pack(w.tensor().transpose(0, 1)), Error);
  EXPECT_THROW(ops.pack(Tensor()), Error);
}

INSTANTIATE_TEST_SUITE_P(EveryIsa, CpuLinear, testing::ValuesIn(available_isas()),
                         [](const auto& isa) { return std::string(to_string(isa.param)); });

}  // namespace
}  // namespace ferrum
