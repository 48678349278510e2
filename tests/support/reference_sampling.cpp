#include "support/reference_sampling.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace ferrum::reference {
namespace {

size_t index(int32_t token) { return static_cast<size_t>(token); }

void adjust(std::vector<double>& logits, const SamplingRow& row) {
  for (const auto& [token, bias] : row.bias) logits[index(token)] += static_cast<double>(bias);
  const auto penalty = static_cast<double>(row.repetition_penalty);
  for (const int32_t token : row.seen) {
    double& x = logits[index(token)];
    x = x > 0 ? x / penalty : x * penalty;
  }
  for (const auto& [token, count] : row.generated) {
    logits[index(token)] -= static_cast<double>(row.presence_penalty) +
                            static_cast<double>(row.frequency_penalty) * count;
  }
}

// The tokens left, most probable first, and every token's probability among them.
class Candidates {
 public:
  Candidates(std::vector<double> logits, double temperature)
      : logits_(std::move(logits)), temperature_(temperature), p_(logits_.size()) {
    for (size_t i = 0; i < logits_.size(); ++i) {
      if (logits_[i] > -std::numeric_limits<double>::infinity()) {
        order_.push_back(static_cast<int32_t>(i));
      }
    }
    rank();
  }

  int32_t first() const { return order_[0]; }

  void keep(size_t count) {
    order_.resize(std::min(order_.size(), count));
    normalize();
  }

  void keep_mass(double mass) {
    double sum = 0;
    size_t n = 0;
    while (n < order_.size() && (n == 0 || sum < mass)) {
      sum += p_[index(order_[n++])];
      note(sum - mass);
    }
    keep(n);
  }

  void keep_typical(double mass) {
    double entropy = 0;
    for (const int32_t t : order_) entropy -= p_[index(t)] * std::log(p_[index(t)]);
    const auto distance = [&](int32_t t) { return std::abs(-std::log(p_[index(t)]) - entropy); };
    std::stable_sort(order_.begin(), order_.end(),
                     [&](int32_t a, int32_t b) { return distance(a) < distance(b); });
    const std::vector<int32_t> typical = order_;
    keep_mass(mass);
    for (size_t i = 0; i < order_.size() && i + 1 < typical.size(); ++i) {
      const int32_t a = typical[i], b = typical[i + 1];
      if (logits_[index(a)] != logits_[index(b)]) note(distance(b) - distance(a));
    }
    rank();
  }

  void keep_share(double least) {
    const int32_t best = order_[0];
    const double largest = p_[index(best)];
    size_t n = 0;
    for (const int32_t t : order_) {
      if (logits_[index(t)] != logits_[index(best)]) note(p_[index(t)] / largest - least);
      n += p_[index(t)] >= least * largest;
    }
    keep(std::max<size_t>(n, 1));
  }

  int32_t draw(double uniform) {
    double cumulated = 0;
    for (const int32_t t : order_) {
      cumulated += p_[index(t)];
      note(cumulated - uniform);
      if (cumulated > uniform) return t;
    }
    return order_.back();
  }

  double margin() const { return margin_; }

 private:
  void rank() {
    std::sort(order_.begin(), order_.end(), [&](int32_t a, int32_t b) {
      const double x = logits_[index(a)], y = logits_[index(b)];
      return x != y ? x > y : a < b;
    });
  }

  void normalize() {
    const double largest =
        logits_[index(*std::max_element(order_.begin(), order_.end(), [&](int32_t a, int32_t b) {
          return logits_[index(a)] < logits_[index(b)];
        }))];
    double sum = 0;
    for (const int32_t t : order_) {
      sum += p_[index(t)] = std::exp((logits_[index(t)] - largest) / temperature_);
    }
    for (const int32_t t : order_) p_[index(t)] /= sum;
  }

  void note(double distance) { margin_ = std::min(margin_, std::abs(distance)); }

  std::vector<double> logits_;
  double temperature_;
  std::vector<double> p_;
  std::vector<int32_t> order_;
  double margin_ = 1;
};

}  // namespace

Draw sample(std::vector<double> logits, const SamplingRow& row) {
  adjust(logits, row);
  Candidates left(std::move(logits), static_cast<double>(row.temperature));
  if (row.temperature == 0) return {left.first(), left.margin()};
  left.keep(row.top_k > 0 ? static_cast<size_t>(row.top_k) : std::numeric_limits<size_t>::max());
  if (row.typical_p < 1) left.keep_typical(static_cast<double>(row.typical_p));
  if (row.top_p < 1) left.keep_mass(static_cast<double>(row.top_p));
  if (row.min_p > 0) left.keep_share(static_cast<double>(row.min_p));
  const int32_t token = left.draw(row.uniform);
  return {token, left.margin()};
}

}  // namespace ferrum::reference
