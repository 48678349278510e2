#include "weights/near_names.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace ferrum {
namespace {

// Levenshtein distance.
size_t distance(std::string_view a, std::string_view b, std::vector<size_t>& row) {
  row.resize(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string near_names_hint(std::string_view name,
                            const std::vector<std::string_view>& candidates) {
  constexpr size_t kShown = 3, kMaxLength = 256, kMaxCandidates = 20'000;
  std::vector<std::pair<size_t, std::string_view>> near;
  std::vector<size_t> row;
  for (const std::string_view candidate : candidates) {
    if (std::max(name.size(), candidate.size()) > kMaxLength || near.size() == kMaxCandidates) {
      continue;
    }
    near.emplace_back(distance(name, candidate, row), candidate);
  }
  const size_t shown = std::min(kShown, near.size());
  std::partial_sort(near.begin(), near.begin() + static_cast<std::ptrdiff_t>(shown), near.end());
  std::string hint;
  for (size_t i = 0; i < shown; ++i) {
    if (near[i].first * 2 > name.size()) break;
    hint += (hint.empty() ? "near names: " : ", ") + std::string(near[i].second);
  }
  return hint;
}

}  // namespace ferrum
