#include "weights/foreign_content.h"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace ferrum {

std::optional<ForeignContent> recognise_foreign(std::span<const std::byte> prefix) {
  const std::string_view bytes(reinterpret_cast<const char*>(prefix.data()),
                               std::min(prefix.size(), kForeignPrefixBytes));
  if (bytes.starts_with("version https://git-lfs.github.com/spec/")) {
    return ForeignContent{"a Git-LFS pointer, not the file it stands for",
                          "fetch the content with `git lfs pull`, or download the file itself"};
  }
  if (bytes.starts_with("\x80\2") || bytes.starts_with("\x80\3") || bytes.starts_with("\x80\4")) {
    return ForeignContent{"a Python pickle, but none of torch.save",
                          "write the weights by torch.save(model.state_dict(), path)"};
  }
  if (bytes.starts_with("\x1f\x8b")) {
    return ForeignContent{"gzip-compressed", "decompress it with gunzip"};
  }
  std::string text(bytes.substr(std::min(bytes.find_first_not_of(" \t\r\n"), bytes.size())));
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (text.starts_with("<!doctype") || text.starts_with("<html") || text.starts_with("<?xml")) {
    return ForeignContent{"an HTML page, such as a login or error page",
                          "download the file again; a gated model needs an access token"};
  }
  return std::nullopt;
}

}  // namespace ferrum
