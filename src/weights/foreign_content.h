#pragma once
// What commonly lies where weights are expected, told from its first bytes.

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace ferrum {

constexpr size_t kForeignPrefixBytes = 512;  // as many as recognise_foreign looks at

struct ForeignContent {
  std::string what;    // "a Git-LFS pointer, not the file it stands for"
  std::string remedy;
};

std::optional<ForeignContent> recognise_foreign(std::span<const std::byte> prefix);

}  // namespace ferrum
