// ServedFile: what servers do with Range and its conditions (RFC 9110, 13 and 14).

#include <algorithm>
#include <charconv>
#include <fstream>
#include <functional>
#include <iterator>

#include "support/http_server.h"

namespace ferrum::test {
namespace {

// "bytes=5-9", "bytes=5-", "bytes=-5" of a file: first and end; an empty range where none fits.
std::optional<std::pair<int64_t, int64_t>> parse_range(std::string_view text, int64_t size) {
  if (!text.starts_with("bytes=")) return std::nullopt;
  text.remove_prefix(6);
  const size_t dash = text.find('-');
  if (dash == text.npos || text.find(',') != text.npos) return std::nullopt;
  const auto number = [](std::string_view digits) {
    int64_t value = -1;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
  };
  const int64_t first = number(text.substr(0, dash));
  const int64_t last = number(text.substr(dash + 1));
  if (first < 0) return {{std::max<int64_t>(size - last, 0), size}};
  return {{first, last < 0 ? size : std::min(last + 1, size)}};
}

bool is_strong_match(const std::string& wanted, const std::string& etag) {
  return wanted == "*" || (!etag.starts_with("W/") && wanted == etag);
}

}  // namespace

ServedFile ServedFile::of(std::string bytes) {
  ServedFile file;
  const auto kept = std::make_shared<const std::string>(std::move(bytes));
  file.content.size = static_cast<int64_t>(kept->size());
  file.content.fill = [kept](int64_t offset, std::span<char> destination) {
    std::copy_n(kept->begin() + offset, destination.size(), destination.begin());
  };
  return file;
}

// A period that no power of two divides, so that parts in the wrong place are seen.
char generated_byte(int64_t offset) { return static_cast<char>(offset % 251); }

ServedFile ServedFile::of_size(int64_t size) {
  ServedFile file;
  file.content.size = size;
  file.content.fill = [](int64_t offset, std::span<char> destination) {
    int64_t value = offset % 251;
    for (char& byte : destination) {
      byte = static_cast<char>(value);
      if (++value == 251) value = 0;
    }
  };
  return file;
}

ServerReply serve_file(const ServerRequest& request, const ServedFile& file) {
  ServerReply reply;
  if (request.method != "GET" && request.method != "HEAD") {
    reply.status = 405;
    return reply;
  }
  if (!file.etag.empty()) reply.headers.emplace_back("ETag", file.etag);
  if (!file.last_modified.empty()) reply.headers.emplace_back("Last-Modified", file.last_modified);
  if (file.takes_ranges) reply.headers.emplace_back("Accept-Ranges", "bytes");

  const std::string* if_match = request.header("If-Match");
  if (if_match && !is_strong_match(*if_match, file.etag)) {
    reply.status = 412;
    return reply;
  }
  reply.generated = file.content;
  const std::string* range = request.header("Range");
  const std::string* if_range = request.header("If-Range");
  if (!range || !file.takes_ranges || request.method == "HEAD") return reply;
  if (if_range && !is_strong_match(*if_range, file.etag) && *if_range != file.last_modified) {
    return reply;
  }
  const int64_t size = file.content.size;
  const auto wanted = parse_range(*range, size);
  if (!wanted) return reply;
  const auto [first, end] = *wanted;
  if (first >= end) {
    reply.generated.reset();
    reply.status = 416;
    reply.headers.emplace_back("Content-Range", "bytes */" + std::to_string(size));
    return reply;
  }
  reply.status = 206;
  reply.headers.emplace_back("Content-Range", "bytes " + std::to_string(first) + "-" +
                                                  std::to_string(end - 1) + "/" +
                                                  std::to_string(size));
  reply.generated->size = end - first;
  reply.generated->fill = [fill = file.content.fill, start = first](
                              int64_t offset, std::span<char> destination) {
    fill(start + offset, destination);
  };
  return reply;
}

ServerHandler serve_folder(std::string folder) {
  return [folder = std::move(folder)](const ServerRequest& request) {
    std::ifstream in(folder + std::string(request.path()), std::ios::binary);
    ServerReply missing;
    missing.status = 404;
    if (!in || request.path().find("..") != std::string_view::npos) return missing;
    std::string bytes{std::istreambuf_iterator<char>(in), {}};
    if (in.bad()) return missing;  // a folder
    const size_t hash = std::hash<std::string>()(bytes);
    ServedFile file = ServedFile::of(std::move(bytes));
    file.etag = '"' + std::to_string(hash) + '"';
    return serve_file(request, file);
  };
}

}  // namespace ferrum::test
