// Servers that fail: recovered within the bounds, or a clear error.

#include <sys/syscall.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <future>
#include <set>

#include "support/child_process.h"
#include "support/expect_error.h"
#include "support/forbid_calls.h"
#include "weights/http/remote_object_fixture.h"

namespace ferrum {
namespace {

using namespace std::chrono_literals;
using test::HttpServer;
using test::ServedFile;
using test::ServerReply;
using test::ServerRequest;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr int64_t kMiB = int64_t{1} << 20;

ServerReply status(int code, std::vector<std::pair<std::string, std::string>> headers = {}) {
  ServerReply reply;
  reply.status = code;
  reply.headers = std::move(headers);
  return reply;
}

// A server of 20 MiB whose replies `spoil` may change; it is given the number of the request.
using Spoil = std::function<void(const ServerRequest& request, ServerReply& reply)>;
test::ServerHandler spoiled(Spoil spoil, ServedFile file = ServedFile::of_size(20 * kMiB)) {
  return [spoil = std::move(spoil), file = std::move(file)](const ServerRequest& request) {
    ServerReply reply = serve_file(request, file);
    spoil(request, reply);
    return reply;
  };
}

// The error of streaming the whole object, once it is open.
Error stream_error(const HttpServer& server, const RemoteOptions& options = hasty_options()) {
  return test::error_of([&] {
    const auto object = open_object(server, {}, options);
    object->stream(0, object->size(), [](auto) {});
  });
}

TEST(RemoteFaultsTest, StatusesThatPassAreTriedAgain) {
  std::mutex mutex;
  std::set<std::string> refused;
  std::atomic<int> refusals = 0;
  HttpServer server(spoiled([&](const ServerRequest& request, ServerReply& reply) {
    const std::lock_guard lock(mutex);
    if (!refused.insert(*request.header("Range")).second) return;
    constexpr int kStatuses[] = {500, 502, 503, 504, 408, 429};
    reply = status(kStatuses[refusals++ % 6]);
  }));
  const auto object = open_object(server);
  expect_stream(*object, 0, object->size());
  expect_range(*object, 1000, 5 * kMiB);
  EXPECT_GE(refusals, 10);
}

TEST(RemoteFaultsTest, AServerThatStaysAwayIsGivenUp) {
  HttpServer server([](const ServerRequest&) { return status(503); });
  const Error error = stream_error(server);
  EXPECT_EQ(error.code(), ErrorCode::kIo);
  EXPECT_THAT(error.message(), AllOf(HasSubstr("503"), HasSubstr("after 6 attempts")));
  EXPECT_EQ(server.requests().size(), 6u);
}

TEST(RemoteFaultsTest, RetryAfterIsHonouredWithinTheBound) {
  HttpServer server(spoiled([](const ServerRequest& request, ServerReply& reply) {
    if (request.number == 1) reply = status(429, {{"Retry-After", "1"}});
  }));
  const auto object = open_object(server);
  const auto start = std::chrono::steady_clock::now();
  expect_range(*object, kMiB, 1000);
  EXPECT_GE(std::chrono::steady_clock::now() - start, 1s);

  HttpServer patient([](const ServerRequest&) { return status(429, {{"Retry-After", "3600"}}); });
  EXPECT_THAT(stream_error(patient).message(), HasSubstr("asked again in 3600 s"));
  EXPECT_EQ(patient.requests().size(), 1u);
}

TEST(RemoteFaultsTest, MissingAndForbiddenAreNotTriedAgain) {
  HttpServer server([](const ServerRequest& request) {
    return status(request.number == 0 ? 404 : 403);
  });
  EXPECT_EQ(stream_error(server).code(), ErrorCode::kNotFound);
  const Error error = stream_error(server);
  EXPECT_EQ(error.code(), ErrorCode::kIo);
  EXPECT_THAT(error.hint(), HasSubstr("credentials"));
  EXPECT_EQ(server.requests().size(), 2u);
}

TEST(RemoteFaultsTest, ACutConnectionIsResumedAtTheByte) {
  static constexpr int64_t kCut = 12'345;
  HttpServer server(spoiled([](const ServerRequest& request, ServerReply& reply) {
    if (request.number == 1) reply.cut_body_after = kCut;
  }));
  const auto object = open_object(server);
  expect_range(*object, kMiB, 300'000);
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(*requests[2].header("Range"), "bytes=" + std::to_string(kMiB + kCut) + "-" +
                                              std::to_string(kMiB + 300'000 - 1));
  EXPECT_NE(requests[2].connection, requests[1].connection);
}

// Head and body, of the first response and of a part.
TEST(RemoteFaultsTest, ConnectionsCutAtEveryOffset) {
  RemoteOptions options = hasty_options();
  options.short_bytes = 64;
  const auto pool = std::make_shared<TransferPool>(2);
  std::atomic<int> cut_request = 0;
  std::atomic<int64_t> cut_after = 0;
  std::atomic<int> seen = 0;
  HttpServer server(spoiled(
      [&](const ServerRequest&, ServerReply& reply) {
        if (seen++ == cut_request) reply.cut_after = cut_after;
      },
      ServedFile::of_size(200)));
  for (cut_request = 0; cut_request < 2; ++cut_request) {
    for (cut_after = 0; cut_after < 300; ++cut_after) {
      seen = 0;
      const RemoteObject object(pool, create_url_target(server.url("/object"), {}), options);
      expect_range(object, 64, 136);
      if (HasFailure()) FAIL() << "cut after " << cut_after << " bytes of request " << cut_request;
    }
  }
}

TEST(RemoteFaultsTest, ProgressGivesFurtherAttemptsUpToABound) {
  HttpServer server(spoiled([](const ServerRequest& request, ServerReply& reply) {
    if (request.number > 0) reply.cut_body_after = 20'000;
  }));
  const auto object = open_object(server);
  expect_range(*object, kMiB, 200'000);  // ten attempts, each with progress
  EXPECT_EQ(server.requests().size(), 1u + 10u);

  HttpServer mean(spoiled([](const ServerRequest& request, ServerReply& reply) {
    if (request.number > 0) reply.cut_body_after = 1;
  }));
  const auto slow = open_object(mean);
  std::vector<std::byte> bytes(1000);
  EXPECT_THROW(slow->read(kMiB, bytes), Error);
  EXPECT_EQ(mean.requests().size(), 1u + 64u);
}

TEST(RemoteFaultsTest, AnObjectThatChangesIsAnError) {
  std::atomic<bool> changed = false;
  ServedFile before = ServedFile::of_size(20 * kMiB);
  ServedFile after = ServedFile::of_size(20 * kMiB);
  HttpServer server([&](const ServerRequest& request) {
    return serve_file(request, changed ? after : before);
  });
  const auto expect_change = [&](const std::string& what) {
    changed = false;
    const auto object = open_object(server);
    changed = true;
    std::vector<std::byte> bytes(1000);
    SCOPED_TRACE(what);
    test::expect_error(ErrorCode::kIo, HasSubstr("changed while being read"),
                       [&] { object->read(kMiB, bytes); });
  };
  after.etag = "\"2\"";
  expect_change("strong validator");
  before.etag = "W/\"1\"", after.etag = "W/\"2\"";
  expect_change("weak validator");
  before.etag = after.etag = "";
  before.last_modified = "Sun, 06 Nov 1994 08:49:37 GMT";
  after.last_modified = "Sun, 06 Nov 1994 08:49:38 GMT";
  expect_change("date");
  before.last_modified = after.last_modified = "";
  after.content = ServedFile::of_size(21 * kMiB).content;
  expect_change("size");
  after.content = ServedFile::of_size(1000).content;
  expect_change("a size before the range");
}

TEST(RemoteFaultsTest, RangesThatAreNotTheOneAskedFor) {
  const auto error_of = [](Spoil spoil) {
    HttpServer server(spoiled([&](const ServerRequest& request, ServerReply& reply) {
      if (request.number > 0) spoil(request, reply);
    }));
    return stream_error(server).message();
  };
  EXPECT_THAT(error_of([](const ServerRequest&, ServerReply& reply) {
                for (auto& [name, value] : reply.headers) {
                  if (name == "Content-Range") value = "bytes 0-9/20971520";
                }
              }),
              HasSubstr("answers a range with another"));
  EXPECT_THAT(error_of([](const ServerRequest&, ServerReply& reply) {
                std::erase_if(reply.headers, [](auto& h) { return h.first == "Content-Range"; });
              }),
              HasSubstr("answers a range with another"));
  EXPECT_THAT(error_of([](const ServerRequest&, ServerReply& reply) { reply.status = 200; }),
              HasSubstr("changed while being read"));  // a whole object of another length
  EXPECT_THAT(error_of([](const ServerRequest&, ServerReply& reply) {
                reply = serve_file({}, ServedFile::of_size(20 * kMiB));
              }),
              HasSubstr("the whole object although a range was asked for"));
  EXPECT_THAT(error_of([](const ServerRequest&, ServerReply& reply) {
                reply.headers.emplace_back("Content-Encoding", "gzip");
              }),
              HasSubstr("compressed"));
  EXPECT_THAT(error_of([](const ServerRequest&, ServerReply& reply) {
                reply.generated->size += 10;  // and Content-Length says so
              }),
              HasSubstr("more than the range"));
}

TEST(RemoteFaultsTest, AWrongLengthIsFetchedAgainOrAnError) {
  HttpServer once(spoiled([](const ServerRequest& request, ServerReply& reply) {
    if (request.number == 1) reply.claimed_length = reply.generated->size - 5;
  }));
  RemoteOptions options = hasty_options();
  const RemoteObject object(std::make_shared<TransferPool>(1),
                            create_url_target(once.url("/object"), {}), options);
  expect_range(object, kMiB, 2 * kMiB);

  HttpServer always(spoiled([](const ServerRequest& request, ServerReply& reply) {
    if (request.number > 0) reply.generated->size = 0;
  }));
  EXPECT_THAT(stream_error(always).message(), HasSubstr("attempts"));
}

// There is nothing left to ask for.
TEST(RemoteFaultsTest, ARangeThatBreaksOffBehindItsLastByteIsWhole) {
  HttpServer server(spoiled([](const ServerRequest& request, ServerReply& reply) {
    if (request.number == 1) reply.claimed_length = reply.generated->size + 5;
  }));
  const auto object = open_object(server);
  expect_stream(*object, 10 * kMiB, 1000);
  EXPECT_EQ(server.requests().size(), 2u);
}

TEST(RemoteFaultsTest, WithoutFurtherThreadsTheWorkWaitsForThoseThatRun) {
  test::ChildProcess process([] {
    TransferPool idle(2), busy(2);
    std::promise<void> go, done;
    busy.start([&] { go.get_future().wait(); });
    if (!test::forbid_calls({SYS_clone, SYS_clone3}, EAGAIN)) return 77;
    const auto used_by_work = std::make_shared<int>();
    const Error error = test::error_of([&] { idle.start([used_by_work] {}); });
    busy.start([&] { done.set_value(); });
    go.set_value();
    done.get_future().wait();
    return error.code() == ErrorCode::kResourceExhausted && used_by_work.use_count() == 1 ? 0 : 1;
  });
  const int code = process.wait();
  if (code == 77) GTEST_SKIP() << "this kernel filters no system calls";
  EXPECT_EQ(code, 0);
}

TEST(RemoteFaultsTest, ASilentServerIsLeftAndAskedAgain) {
  RemoteOptions options = hasty_options();
  options.limits.idle_timeout = 100ms;
  HttpServer server(spoiled([](const ServerRequest& request, ServerReply& reply) {
    if (request.number == 1) reply.delay = 60s;
    if (request.number == 2) reply.per_byte = 10ms;
  }));
  const auto object = open_object(server, {}, options);
  expect_range(*object, kMiB, 1000);
  EXPECT_GE(server.requests().size(), 4u);
}

TEST(RemoteFaultsTest, ASlowPartIsAskedForASecondTime) {
  RemoteOptions options = hasty_options();
  options.limits.idle_timeout = 60s;
  options.part_bytes = kMiB;
  options.hedge_after = 50ms;
  std::mutex mutex;
  std::string slow;  // where the first part beyond 10 MiB begins
  int asked = 0;
  HttpServer server(spoiled([&](const ServerRequest& request, ServerReply& reply) {
    const std::string range = *request.header("Range");
    const std::string begin = range.substr(0, range.find('-'));
    const std::lock_guard lock(mutex);
    if (slow.empty() && std::stoll(begin.substr(6)) >= 10 * kMiB) {
      slow = begin;
      reply.per_body_byte = 100ms;
    }
    asked += begin == slow;
  }));
  const auto object = open_object(server, {}, options);
  const auto start = std::chrono::steady_clock::now();
  expect_stream(*object, 0, 20 * kMiB);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 20s);
  EXPECT_EQ(asked, 1) << "the second request asks for what is missing";
}

TEST(RemoteFaultsTest, WhatCameBeforeAnErrorIsHandedOut) {
  HttpServer server(spoiled([](const ServerRequest& request, ServerReply& reply) {
    if (request.number > 0) reply.cut_body_after = 100'000;
    if (request.number > 20) reply = status(404);
  }));
  const auto object = open_object(server, {}, hasty_options());
  int64_t bytes = 0;
  test::error_of([&] {
    object->stream(0, 20 * kMiB, [&](auto piece) { bytes += static_cast<int64_t>(piece.size()); });
  });
  EXPECT_GE(bytes, 99'968);
  EXPECT_EQ(bytes % 64, 0);
}

TEST(RemoteFaultsTest, WithoutRangesACutStreamGoesOnWhereItWas) {
  ServedFile file = ServedFile::of_size(20 * kMiB);
  file.takes_ranges = false;
  HttpServer server(spoiled(
      [](const ServerRequest& request, ServerReply& reply) {
        if (request.number > 0 && request.number < 4) reply.cut_body_after = request.number * kMiB;
      },
      file));
  const auto object = open_object(server);
  expect_stream(*object, 0, 20 * kMiB);
  EXPECT_EQ(server.requests().size(), 5u);
}

TEST(RemoteFaultsTest, SecretsAreInNoError) {
  HttpServer server([](const ServerRequest& request) {
    return status(request.number == 0 ? 403 : 500);
  });
  RemoteOptions options = hasty_options();
  options.retries.fruitless_attempts = 1;
  for (int i = 0; i < 2; ++i) {
    const std::string url = "http://user:pass@127.0.0.1:" + std::to_string(server.port()) +
                            "/object?X-Amz-Signature=f00d";
    try {
      RemoteObject(std::make_shared<TransferPool>(1),
                   create_url_target(url, {{"Authorization", "Bearer t0ken"}}), options);
      FAIL();
    } catch (const Error& error) {
      const std::string text = std::string(error.what()) + error.hint();
      EXPECT_THAT(text, AllOf(HasSubstr("/object"), Not(HasSubstr("f00d")), Not(HasSubstr("pass")),
                              Not(HasSubstr("t0ken")), Not(HasSubstr("user:"))));
    }
  }
}

}  // namespace
}  // namespace ferrum
