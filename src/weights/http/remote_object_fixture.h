#pragma once
// Remote objects of a server in the test.

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "support/http_server.h"
#include "weights/http/remote_object.h"

namespace ferrum {

// Waits of milliseconds before a further attempt, where users are given seconds.
inline RemoteOptions hasty_options() {
  using namespace std::chrono_literals;
  RemoteOptions options;
  options.retries.first_wait = 1ms;
  options.retries.longest_wait = 10ms;
  options.retries.longest_retry_after = 2s;
  return options;
}

inline std::unique_ptr<RemoteObject> open_object(const test::HttpServer& server,
                                                 const HttpHeaders& headers = {},
                                                 const RemoteOptions& options = hasty_options()) {
  return std::make_unique<RemoteObject>(std::make_shared<TransferPool>(16),
                                        create_url_target(server.url("/object"), headers),
                                        options);
}

inline test::ServerHandler serving(test::ServedFile file) {
  return [file = std::move(file)](const test::ServerRequest& request) {
    return serve_file(request, file);
  };
}

// That `bytes` are those of ServedFile::of_size from `offset` on.
inline void expect_generated(std::span<const std::byte> bytes, int64_t offset) {
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (static_cast<char>(bytes[i]) == test::generated_byte(offset + static_cast<int64_t>(i))) {
      continue;
    }
    FAIL() << "byte " << offset + static_cast<int64_t>(i) << " is another";
  }
}

inline void expect_range(const RemoteObject& object, int64_t offset, int64_t bytes) {
  std::vector<std::byte> read(static_cast<size_t>(bytes));
  object.read(offset, read);
  expect_generated(read, offset);
}

inline void expect_stream(const RemoteObject& object, int64_t offset, int64_t bytes) {
  int64_t at = offset;
  object.stream(offset, bytes, [&](std::span<const std::byte> chunk) {
    EXPECT_LE(chunk.size(), size_t{1} << 20);
    EXPECT_TRUE(chunk.size() % 64 == 0 || at + int64_t(chunk.size()) == offset + bytes);
    expect_generated(chunk, at);
    at += static_cast<int64_t>(chunk.size());
  });
  EXPECT_EQ(at, offset + bytes);
}

}  // namespace ferrum
