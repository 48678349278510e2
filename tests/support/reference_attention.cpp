#include "support/reference_attention.h"

#include <algorithm>
#include <cmath>

namespace ferrum::reference {
namespace {

// One query head of one token, at its position in the sequence of its item.
struct Query {
  int64_t item, token, head, position;
};

int64_t integer(const std::vector<double>& values, int64_t i) {
  return static_cast<int64_t>(values[static_cast<size_t>(i)]);
}

// Where the row of `head_dim` elements at a slot of a cache begins.
size_t cache_row(const Shape& cache, int64_t slot, int64_t kv_head) {
  const int64_t block = slot / cache[2], offset = slot % cache[2];
  return static_cast<size_t>(((block * cache[1] + kv_head) * cache[2] + offset) * cache[3]);
}

size_t cache_row(const PagedAttention& c, const Query& query, int64_t position) {
  const int64_t block_size = c.cache_shape[2];
  const auto items = static_cast<int64_t>(c.context_length.size());
  const int64_t max_blocks = static_cast<int64_t>(c.block_table.size()) / items;
  const int64_t block = integer(c.block_table, query.item * max_blocks + position / block_size);
  const int64_t kv_head = query.head / (c.q_shape[1] / c.cache_shape[1]);
  return cache_row(c.cache_shape, block * block_size + position % block_size, kv_head);
}

// Softmax, over the positions that the query sees, of its scores; then the mean of their values.
void attend(const PagedAttention& c, const Query& query, double* out) {
  const auto head_dim = static_cast<size_t>(c.q_shape[2]);
  const double* q =
      c.q.data() + static_cast<size_t>(query.token * c.q_shape[1] + query.head) * head_dim;
  const int64_t first = c.window > 0 ? std::max<int64_t>(0, query.position - c.window + 1) : 0;
  std::vector<double> scores;
  for (int64_t p = first; p <= query.position; ++p) {
    const double* key = c.keys.data() + cache_row(c, query, p);
    double score = 0;
    for (size_t d = 0; d < head_dim; ++d) score += q[d] * key[d];
    scores.push_back(score * c.scale);
  }
  const double largest = *std::max_element(scores.begin(), scores.end());
  double total = 0;
  for (double& score : scores) total += score = std::exp(score - largest);
  for (int64_t p = first; p <= query.position; ++p) {
    const double* value = c.values.data() + cache_row(c, query, p);
    const double weight = scores[static_cast<size_t>(p - first)] / total;
    for (size_t d = 0; d < head_dim; ++d) out[d] += weight * value[d];
  }
}

}  // namespace

std::vector<double> paged_attention(const PagedAttention& c) {
  std::vector<double> out(c.q.size(), 0.0);
  const auto items = static_cast<int64_t>(c.context_length.size());
  for (int64_t item = 0; item < items; ++item) {
    const int64_t start = integer(c.query_start, item), end = integer(c.query_start, item + 1);
    for (int64_t token = start; token < end; ++token) {
      const int64_t position = integer(c.context_length, item) - end + token;
      for (int64_t head = 0; head < c.q_shape[1]; ++head) {
        attend(c, {item, token, head, position},
               out.data() + (token * c.q_shape[1] + head) * c.q_shape[2]);
      }
    }
  }
  return out;
}

void write_slots(const std::vector<double>& rows, const std::vector<double>& slots,
                 const Shape& cache_shape, std::vector<double>& cache) {
  const auto head_dim = static_cast<size_t>(cache_shape[3]);
  size_t row = 0;
  for (const double slot : slots) {
    for (int64_t head = 0; head < cache_shape[1]; ++head, ++row) {
      std::copy_n(rows.data() + row * head_dim, head_dim,
                  cache.data() + cache_row(cache_shape, static_cast<int64_t>(slot), head));
    }
  }
}

}  // namespace ferrum::reference
