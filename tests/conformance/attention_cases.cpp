#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "conformance/case_grid.h"
#include "support/reference_attention.h"

namespace ferrum::conformance {
namespace {

constexpr int64_t kKvHeads = 2;

// One sequence of a step: its queries are the last of its context.
struct Item {
  int64_t queries, context;
};

struct Batch {
  std::vector<Item> items;
  int64_t head_dim = 64;
  int64_t group = 4;  // query heads per KV head
  DataType cache = DataType::kF32;
  DataType q = DataType::kF32;
  Layout layout = Layout::kContiguous;  // of q and out
  int64_t window = 0;
  int64_t block_size = 16;
};

// Where a batch lies in the cache: blocks dealt in a shuffled order, three of them to no item.
struct Placement {
  explicit Placement(const Batch& batch) {
    for (const Item& item : batch.items) {
      const int64_t needed = (item.context + batch.block_size - 1) / batch.block_size;
      max_blocks = std::max(max_blocks, needed);
      blocks += needed;
      tokens += item.queries;
      query_start.push_back(static_cast<double>(tokens));
      context_length.push_back(static_cast<double>(item.context));
      max_query = std::max(max_query, item.queries);
      max_context = std::max(max_context, item.context);
    }
    std::vector<int64_t> shuffled(static_cast<size_t>(blocks));
    std::iota(shuffled.begin(), shuffled.end(), 0);
    std::shuffle(shuffled.begin(), shuffled.end(), std::mt19937(5));
    used.assign(static_cast<size_t>(blocks * batch.block_size), false);
    auto next = shuffled.begin();
    for (const Item& item : batch.items) {
      std::vector<double> row(static_cast<size_t>(max_blocks), -1);
      for (int64_t p = 0; p < item.context; ++p) {
        const bool begins = p % batch.block_size == 0;
        const int64_t block = begins ? *next++ : next[-1];
        row[static_cast<size_t>(p / batch.block_size)] = static_cast<double>(block);
        used[static_cast<size_t>(block * batch.block_size + p % batch.block_size)] = true;
      }
      block_table.insert(block_table.end(), row.begin(), row.end());
    }
  }

  std::vector<double> query_start{0}, context_length, block_table;
  std::vector<bool> used;  // by slot
  int64_t max_blocks = 1, blocks = 3, tokens = 0, max_query = 0, max_context = 0;
};

// NaN in every slot that holds no token: what must not be read into a result.
std::vector<double> cache_values(const Shape& shape, const std::vector<bool>& used, uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> draw(-2, 2);
  std::vector<double> values(static_cast<size_t>(shape.numel()));
  for (size_t i = 0; i < values.size(); ++i) {
    const auto position = static_cast<int64_t>(i) / shape[3];
    const int64_t slot = position / (shape[1] * shape[2]) * shape[2] + position % shape[2];
    values[i] =
        used[static_cast<size_t>(slot)] ? draw(random) : std::numeric_limits<double>::quiet_NaN();
  }
  return values;
}

// Elements are drawn from [-2, 2]: of mean square 4/3, so a product of two of them is of order one.
// In f32: a score is a scaled sum of head_dim products, its error reaches an output at most twice,
// times a value of at most 2; an output's own sum has partial sums of at most 2 and rounding errors
// that add up like a random walk.
// Over a bf16 cache, queries and probabilities may be rounded to bf16, with an error of r = 2^-9 of
// themselves at most, r / sqrt(3) by root mean square. The head_dim errors of a score are
// independent: (4/3) r / sqrt(3), and five times that for the worst of all scores. An output moves
// by as much times the spread of the values, 2 / sqrt(3), and by r * 2 for the probabilities.
double attention_tolerance(const Batch& batch, int64_t max_context) {
  const auto head_dim = static_cast<double>(batch.head_dim);
  const double f32 = 4 * sum_tolerance(batch.head_dim) / std::sqrt(head_dim) +
                     2 * 0x1p-24 * (4 + std::sqrt(static_cast<double>(max_context)));
  constexpr double kRounded = 0x1p-9 * (5 * (4.0 / 3) / 1.732 * (2 / 1.732) + 2);
  return f32 + (batch.cache == DataType::kBF16 ? kRounded : 0);
}

void add_paged_attention(OpCases& cases, const Batch& batch) {
  const Placement at(batch);
  const auto items = static_cast<int64_t>(batch.items.size());
  const Shape cache{at.blocks, kKvHeads, batch.block_size, batch.head_dim};
  const Argument q{{at.tokens, kKvHeads * batch.group, batch.head_dim}, batch.q, batch.layout};
  const float scale = 1 / std::sqrt(static_cast<float>(batch.head_dim));
  const AttentionParams params{.scale = scale, .sliding_window = batch.window};
  double seen = 0;
  for (const Item& item : batch.items) {
    seen += static_cast<double>(item.queries * (2 * item.context - item.queries + 1)) / 2;
  }
  add_case(cases,
           {.op = "paged_attention",
            .name = {},
            .inputs = {q,
                       {cache, batch.cache, Layout::kContiguous, cache_values(cache, at.used, 1)},
                       {cache, batch.cache, Layout::kOffset, cache_values(cache, at.used, 2)},
                       {{items + 1}, DataType::kI32, Layout::kContiguous, at.query_start},
                       {{items}, DataType::kI32, Layout::kOffset, at.context_length},
                       {{items, at.max_blocks}, DataType::kI32, Layout::kPadded, at.block_table}},
            .outputs = {q},
            .tolerance = attention_tolerance(batch, at.max_context),
            .flops = 4 * seen * static_cast<double>(kKvHeads * batch.group * batch.head_dim),
            .run =
                [params, max_query = at.max_query, max_context = at.max_context](
                    Kernels& k, Tensors in, Tensors o) {
                  k.groups.attention()->paged_attention(
                      in[0], in[1], in[2], {in[3], in[4], in[5], max_query, max_context}, params,
                      o[0]);
                },
            .reference = [params](Arrays in, Arrays) -> std::vector<std::vector<double>> {
              return {reference::paged_attention({.q = in[0].data,
                                                  .keys = in[1].data,
                                                  .values = in[2].data,
                                                  .q_shape = in[0].shape,
                                                  .cache_shape = in[1].shape,
                                                  .query_start = in[3].data,
                                                  .context_length = in[4].data,
                                                  .block_table = in[5].data,
                                                  .scale = static_cast<double>(params.scale),
                                                  .window = params.sliding_window})};
            }});
  if (batch.window > 0) cases.back().name += " window " + std::to_string(batch.window);
}

// The caches are outputs: the suite sees that slots not named, and what lies around, stay.
void add_write_kv(OpCases& cases, const Argument& k, const Argument& v, DataType cache_dtype,
                  std::vector<double> slots) {
  constexpr int64_t kBlocks = 5, kBlockSize = 16;
  const Shape cache{kBlocks, k.shape[1], kBlockSize, k.shape[2]};
  add_case(cases,
           {.op = "write_kv",
            .name = {},
            .inputs = {k, v, {{k.shape[0]}, DataType::kI64, Layout::kOffset, std::move(slots)}},
            .outputs = {{cache, cache_dtype}, {cache, cache_dtype, Layout::kOffset}},
            .run =
                [](Kernels& kernels, Tensors in, Tensors o) {
                  kernels.groups.attention()->write_kv(in[0], in[1], in[2], o[0], o[1]);
                },
            .reference = [](Arrays in, Arrays o) -> std::vector<std::vector<double>> {
              std::vector<std::vector<double>> caches{o[0].data, o[1].data};
              reference::write_slots(in[0].data, in[2].data, o[0].shape, caches[0]);
              reference::write_slots(in[1].data, in[2].data, o[1].shape, caches[1]);
              return caches;
            }});
}

void add_attention_of(OpCases& cases, DataType cache) {
  const std::vector<Item> mixed{{9, 9}, {1, 33}, {6, 70}, {1, 1}, {0, 7}};
  for (const int64_t head_dim : {8, 64, 80, 128}) {
    for (const int64_t group : {1, 4, 8}) {
      add_paged_attention(cases, {mixed, head_dim, group, cache});
    }
  }
  for (const DataType q : kFloats) {
    for (const Layout layout : {Layout::kContiguous, Layout::kOffset, Layout::kPadded}) {
      add_paged_attention(cases,
                          {.items = mixed, .group = 3, .cache = cache, .q = q, .layout = layout});
    }
  }
  for (const int64_t window : {1, 5, 16, 100, 1000}) {
    add_paged_attention(
        cases,
        {.items = {{1, 300}, {21, 139}, {20, 20}, {1, 97}}, .cache = cache, .window = window});
  }
  for (const int64_t context : {1, 2, 15, 16, 17, 31, 128, 129, 255, 300}) {
    add_paged_attention(cases, {.items = {{1, context}, {context / 2, context}}, .cache = cache});
  }
  add_paged_attention(cases, {.items = {{5, 70}, {1, 33}}, .cache = cache, .block_size = 32});
  add_paged_attention(cases, {.items = {{0, 7}, {0, 0}}, .cache = cache});
  add_paged_attention(cases, {.items = {}, .cache = cache});
}

}  // namespace

void add_attention_cases(OpCases& cases) {
  const std::vector<double> slots{79, 1, 17, 33, 16, 15, 64, 2, 50, 51};
  const auto tokens = static_cast<int64_t>(slots.size());
  for (const DataType cache : kFloats) {
    add_attention_of(cases, cache);
    for (const DataType x : kFloats) {
      for (const Layout layout : {Layout::kContiguous, Layout::kOffset, Layout::kPadded}) {
        for (const int64_t head_dim : {8, 21, 80}) {
          add_write_kv(cases, {{tokens, 3, head_dim}, x, layout}, {{tokens, 3, head_dim}, x}, cache,
                       slots);
        }
        add_write_kv(cases, {{1, 2, 64}, x}, {{1, 2, 64}, x, layout}, cache, {78});
        add_write_kv(cases, {{0, 2, 64}, x, layout}, {{0, 2, 64}, x, layout}, cache, {});
      }
    }
  }
}

}  // namespace ferrum::conformance
