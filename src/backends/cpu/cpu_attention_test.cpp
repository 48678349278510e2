// CpuAttentionOps against attention in double, on every instruction set of this machine.

#include "backends/cpu/cpu_attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "backends/cpu/kernels/scalar_elements.h"
#include "support/reference_attention.h"

namespace ferrum {
namespace {

using cpu::load_element;
using cpu::store_element;

class OwnedStorage final : public Storage {
 public:
  explicit OwnedStorage(int64_t size)
      : Storage(new char[static_cast<size_t>(size)], size, Device::cpu(), true) {}
  ~OwnedStorage() override { delete[] static_cast<char*>(data()); }
};

Tensor empty(const Shape& shape, DataType dtype) {
  return Tensor(std::make_shared<OwnedStorage>(bytes_of(dtype, shape.numel())), shape, dtype);
}

Tensor random_tensor(const Shape& shape, DataType dtype, uint32_t seed) {
  const Tensor t = empty(shape, dtype);
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  for (int64_t i = 0; i < t.numel(); ++i) {
    store_element(t.mutable_raw_data(), dtype, i, normal(random));
  }
  return t;
}

template <class T>
Tensor tensor_of(const std::vector<T>& values, const Shape& shape) {
  const Tensor t = empty(shape, dtype_of<T>());
  std::copy(values.begin(), values.end(), t.mutable_data<T>());
  return t;
}

// The element at the indices of a strided tensor of three dimensions.
float at(const Tensor& t, int64_t a, int64_t b, int64_t c) {
  return load_element(t.raw_data(), t.dtype(), a * t.stride(0) + b * t.stride(1) + c * t.stride(2));
}

struct Item {
  int32_t queries, context;
};

struct Case {
  std::vector<Item> items;
  int64_t heads = 4, kv_heads = 2, head_dim = 64;
  DataType cache = DataType::kF32;
  DataType q = DataType::kF32;
  int64_t window = 0;
  int64_t block_size = 16;
  bool strided = false;
  float sharpness = 1;  // larger: the softmax settles on one position
};

// A filled cache with its items' blocks shuffled, and the queries of one step. Blocks that no item
// uses, and the unused rest of an item's last block, hold NaN.
struct Step {
  explicit Step(const Case& c) {
    const auto items = static_cast<int64_t>(c.items.size());
    int64_t most = 1, blocks = 3, tokens = 0;
    std::vector<int32_t> start{0}, context;
    for (const Item& item : c.items) {
      const int64_t needed = (item.context + c.block_size - 1) / c.block_size;
      most = std::max(most, needed);
      blocks += needed;
      tokens += item.queries;
      start.push_back(static_cast<int32_t>(tokens));
      context.push_back(item.context);
    }
    keys = random_tensor({blocks, c.kv_heads, c.block_size, c.head_dim}, c.cache, 1);
    values = random_tensor({blocks, c.kv_heads, c.block_size, c.head_dim}, c.cache, 2);
    layout.query_start = tensor_of(start, {items + 1});
    layout.context_length = tensor_of(context, {items});
    layout.block_table = tensor_of(deal_blocks(c, most, blocks), {items, most});
    const int64_t heads = c.strided ? c.heads + 3 : c.heads;
    q = random_tensor({tokens, heads, c.head_dim}, c.q, 3).narrow(1, 0, c.heads);
    out = random_tensor({tokens, heads, c.head_dim}, c.q, 4).narrow(1, 0, c.heads);
  }

  std::vector<int32_t> deal_blocks(const Case& c, int64_t most, int64_t blocks) {
    std::vector<int32_t> shuffled(static_cast<size_t>(blocks));
    std::iota(shuffled.begin(), shuffled.end(), 0);
    std::shuffle(shuffled.begin(), shuffled.end(), std::mt19937(5));
    std::vector<int32_t> table(c.items.size() * static_cast<size_t>(most), -1);
    std::vector<char> used(static_cast<size_t>(blocks * c.block_size), 0);
    size_t next = 0;
    for (size_t i = 0; i < c.items.size(); ++i) {
      for (int32_t p = 0; p < c.items[i].context; ++p) {
        if (p % c.block_size == 0) {
          table[i * static_cast<size_t>(most) + static_cast<size_t>(p / c.block_size)] =
              shuffled[next++];
        }
        used[static_cast<size_t>(shuffled[next - 1] * c.block_size + p % c.block_size)] = 1;
      }
    }
    for (int64_t i = 0; i < keys.numel(); ++i) {
      const int64_t block = i / (c.kv_heads * c.block_size * c.head_dim);
      const int64_t offset = i / c.head_dim % c.block_size;
      if (used[static_cast<size_t>(block * c.block_size + offset)]) continue;
      const float nan = std::numeric_limits<float>::quiet_NaN();
      store_element(keys.mutable_raw_data(), c.cache, i, nan);
      store_element(values.mutable_raw_data(), c.cache, i, nan);
    }
    return table;
  }

  Tensor keys, values, q, out;
  PagedLayout layout;
};

// Any tensor's elements, row-major.
std::vector<double> values_of(const Tensor& t) {
  std::vector<double> values;
  for (int64_t i = 0; i < t.numel(); ++i) {
    int64_t rest = i, offset = 0;
    for (int d = t.rank() - 1; d >= 0; --d) {
      offset += rest % t.dim(d) * t.stride(d);
      rest /= t.dim(d);
    }
    values.push_back(static_cast<double>(load_element(t.raw_data(), t.dtype(), offset)));
  }
  return values;
}

std::vector<double> integers_of(const Tensor& t) {
  return {t.data<int32_t>(), t.data<int32_t>() + t.numel()};
}

std::vector<double> expected(const Case& c, const Step& s, float scale) {
  return reference::paged_attention({.q = values_of(s.q),
                                     .keys = values_of(s.keys),
                                     .values = values_of(s.values),
                                     .q_shape = s.q.shape(),
                                     .cache_shape = s.keys.shape(),
                                     .query_start = integers_of(s.layout.query_start),
                                     .context_length = integers_of(s.layout.context_length),
                                     .block_table = integers_of(s.layout.block_table),
                                     .scale = static_cast<double>(scale),
                                     .window = c.window});
}

// Bound of the error of an element, values being of order 1. In f32 arithmetic, that of rounded
// sums. Where queries or probabilities are rounded to bf16 (8 bits), a score of order
// sharpness * 1 moves by about 2^-8 of itself, and so do the weights.
double tolerance(const Case& c, Isa isa) {
  const bool rounds = c.cache == DataType::kBF16 && isa >= Isa::kAvx512Bf16;
  const double stored = c.q == DataType::kF32 ? 0 : c.q == DataType::kF16 ? 0x1p-10 : 0x1p-7;
  return stored + (rounds ? 0.02 * std::max(1.0f, c.sharpness) : 4e-6 * (1 + c.sharpness));
}

void check(const Case& c, Isa isa, ThreadPool& pool) {
  const Step s(c);
  CpuAttentionOps ops(pool, isa);
  const float scale = c.sharpness / std::sqrt(static_cast<float>(c.head_dim));
  ops.paged_attention(s.q, s.keys, s.values, s.layout, {.scale = scale, .sliding_window = c.window},
                      s.out);
  const std::vector<double> want = expected(c, s, scale), found = values_of(s.out);
  for (size_t i = 0; i < want.size(); ++i) {
    const auto row = static_cast<int64_t>(i) / c.head_dim;
    ASSERT_NEAR(found[i], want[i], tolerance(c, isa))
        << to_string(isa) << " token " << row / c.heads << " head " << row % c.heads << " dim "
        << static_cast<int64_t>(i) % c.head_dim << ", cache " << to_string(c.cache) << " ["
        << c.head_dim << "]";
  }
}

class CpuAttention : public testing::TestWithParam<Isa> {
 protected:
  ThreadPool pool_{3};
};

constexpr DataType kFloats[] = {DataType::kF32, DataType::kF16, DataType::kBF16};

TEST_P(CpuAttention, PrefillChunksAndDecodesTogether) {
  for (DataType cache : kFloats) {
    check({.items = {{5, 5}, {1, 40}, {17, 150}, {0, 7}, {1, 1}, {33, 33}}, .cache = cache},
          GetParam(), pool_);
  }
}

TEST_P(CpuAttention, EveryHeadDim) {
  for (DataType cache : kFloats) {
    for (int64_t head_dim : {1, 2, 15, 16, 31, 33, 64, 80, 96, 128, 256}) {
      check({.items = {{3, 20}, {1, 18}},
             .heads = 3,
             .kv_heads = 1,
             .head_dim = head_dim,
             .cache = cache},
            GetParam(), pool_);
    }
  }
}

TEST_P(CpuAttention, EveryGroup) {
  for (DataType cache : kFloats) {
    for (int64_t group : {1, 2, 3, 7, 8, 40, 150}) {
      check({.items = {{4, 20}, {1, 9}}, .heads = 2 * group, .head_dim = 24, .cache = cache},
            GetParam(), pool_);
    }
  }
}

TEST_P(CpuAttention, SlidingWindow) {
  for (DataType cache : kFloats) {
    for (int64_t window : {1, 2, 16, 100, 130, 1000}) {
      check({.items = {{1, 300}, {45, 290}, {20, 20}}, .cache = cache, .window = window},
            GetParam(), pool_);
    }
  }
}

TEST_P(CpuAttention, LongContextIsSplitOverThreads) {
  for (DataType cache : kFloats) {
    check({.items = {{1, 3001}}, .heads = 4, .kv_heads = 1, .cache = cache}, GetParam(), pool_);
    check({.items = {{2, 1900}}, .heads = 3, .kv_heads = 1, .cache = cache, .window = 1500},
          GetParam(), pool_);
  }
}

TEST_P(CpuAttention, EveryBlockSizeAndStridedRows) {
  for (DataType cache : kFloats) {
    for (int64_t block_size : {1, 3, 16, 32, 48}) {
      check(
          {.items = {{7, 70}, {1, 33}}, .cache = cache, .block_size = block_size, .strided = true},
          GetParam(), pool_);
    }
  }
}

TEST_P(CpuAttention, SixteenBitQueries) {
  for (DataType cache : kFloats) {
    check({.items = {{7, 70}, {1, 33}}, .cache = cache, .q = DataType::kBF16}, GetParam(), pool_);
    check({.items = {{7, 70}, {1, 33}}, .cache = cache, .q = DataType::kF16}, GetParam(), pool_);
  }
}

TEST_P(CpuAttention, ScoresFarApart) {
  for (DataType cache : {DataType::kF32, DataType::kF16}) {
    check({.items = {{9, 200}}, .cache = cache, .sharpness = 30}, GetParam(), pool_);
  }
}

TEST_P(CpuAttention, WritesEveryDtypeToItsSlot) {
  constexpr int64_t kBlocks = 5, kHeads = 3, kBlockSize = 16, kDim = 21;
  for (DataType cache : kFloats) {
    for (DataType x : kFloats) {
      const std::vector<int64_t> slot{79, 0, 17, 33, 16, 15, 64, 2, 1, 50, 51};
      const auto tokens = static_cast<int64_t>(slot.size());
      const Tensor k = random_tensor({tokens, kHeads + 1, kDim}, x, 1).narrow(1, 1, kHeads);
      const Tensor v = random_tensor({tokens, kHeads, kDim}, x, 2);
      const Tensor keys = random_tensor({kBlocks, kHeads, kBlockSize, kDim}, cache, 3);
      const Tensor values = random_tensor({kBlocks, kHeads, kBlockSize, kDim}, cache, 4);
      const Tensor untouched = random_tensor({kBlocks, kHeads, kBlockSize, kDim}, cache, 3);
      CpuAttentionOps ops(pool_, GetParam());
      ops.write_kv(k, v, tensor_of(slot, {tokens}), keys, values);
      for (int64_t i = 0; i < keys.numel(); ++i) {
        const int64_t d = i % kDim, offset = i / kDim % kBlockSize;
        const int64_t head = i / kDim / kBlockSize % kHeads;
        const int64_t block = i / kDim / kBlockSize / kHeads;
        const auto found = std::find(slot.begin(), slot.end(), block * kBlockSize + offset);
        float key = load_element(untouched.raw_data(), cache, i);
        if (found != slot.end()) {
          float rounded[2] = {at(k, found - slot.begin(), head, d),
                              at(v, found - slot.begin(), head, d)};
          for (float& value : rounded) {
            store_element(&value, cache, 0, value);
            value = load_element(&value, cache, 0);
          }
          key = rounded[0];
          ASSERT_EQ(load_element(values.raw_data(), cache, i), rounded[1]);
        }
        ASSERT_EQ(load_element(keys.raw_data(), cache, i), key);
      }
    }
  }
}

TEST_P(CpuAttention, RefusesWhatDoesNotFit) {
  const Step s({.items = {{2, 40}}});
  CpuAttentionOps ops(pool_, GetParam());
  const auto attend = [&](const PagedLayout& layout) {
    ops.paged_attention(s.q, s.keys, s.values, layout, {}, s.out);
  };
  PagedLayout layout = s.layout;
  layout.block_table = tensor_of(std::vector<int32_t>{0, 1, 99}, {1, 3});
  EXPECT_THROW(attend(layout), Error);
  layout = s.layout;
  layout.context_length = tensor_of(std::vector<int32_t>{49}, {1});
  EXPECT_THROW(attend(layout), Error);
  layout.context_length = tensor_of(std::vector<int32_t>{1}, {1});
  EXPECT_THROW(attend(layout), Error);
  layout = s.layout;
  layout.query_start = tensor_of(std::vector<int32_t>{0, 1}, {2});
  EXPECT_THROW(attend(layout), Error);
  const Tensor slots = tensor_of(std::vector<int64_t>{0, 96}, {2});
  const Tensor kv = random_tensor({2, 2, 64}, DataType::kF32, 1);
  EXPECT_THROW(ops.write_kv(kv, kv, slots, s.keys, s.values), Error);
}

INSTANTIATE_TEST_SUITE_P(EveryIsa, CpuAttention, testing::ValuesIn(available_isas()),
                         [](const auto& isa) { return std::string(to_string(isa.param)); });

}  // namespace
}  // namespace ferrum
