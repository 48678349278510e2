// What is asked of the server, and how much at once.

#include "weights/http/remote_object.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>
#include <numeric>
#include <random>
#include <set>
#include <thread>

#include "weights/http/remote_object_fixture.h"

namespace ferrum {
namespace {

using namespace std::chrono_literals;
using test::HttpServer;
using test::ServedFile;
using test::ServerReply;
using test::ServerRequest;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr int64_t kMiB = int64_t{1} << 20;

TEST(RemoteObjectTest, TheFirstRequestTellsSizeAndVersion) {
  HttpServer server(serving(ServedFile::of_size(5'000'000'000)));
  const auto object = open_object(server);
  EXPECT_EQ(object->size(), 5'000'000'000);
  EXPECT_EQ(object->version().etag, "\"1\"");
  EXPECT_EQ(object->name(), server.url("/object"));
  expect_range(*object, 0, 1000);
  expect_range(*object, 100'000, 100'000);
  ASSERT_EQ(server.requests().size(), 1u);
  EXPECT_EQ(*server.requests()[0].header("Range"), "bytes=0-262143");
}

std::vector<std::string> ranges_of(const HttpServer& server) {
  std::vector<std::string> ranges;
  for (const ServerRequest& request : server.requests()) {
    ranges.push_back(request.header("Range")->substr(sizeof("bytes=") - 1));
  }
  return ranges;
}

TEST(RemoteObjectTest, AStreamAsksForItsRangeAndAReadForALittleMore) {
  HttpServer server(serving(ServedFile::of_size(5 * kMiB)));
  const auto object = open_object(server);
  server.forget_requests();
  expect_stream(*object, kMiB, 1000);
  expect_range(*object, 2 * kMiB, 8);
  expect_range(*object, 2 * kMiB + 3000, 1000);
  expect_stream(*object, 2 * kMiB + 10, 2000);
  EXPECT_THAT(ranges_of(server), ElementsAre("1048576-1049575", "2097152-2101247"));

  // Of what is there in part, the rest; of what is long, too.
  server.forget_requests();
  expect_stream(*object, 262'100, 1000);
  expect_range(*object, 2 * kMiB + 4000, kMiB);
  EXPECT_THAT(ranges_of(server), ElementsAre("262144-263099", "2101248-3149727"));
  expect_range(*object, 5 * kMiB - 10, 10);
  EXPECT_EQ(ranges_of(server).back(), "5242870-5242879") << "none behind the end";
}

TEST(RemoteObjectTest, WhatGoesOnIsReadAheadUntilAJump) {
  HttpServer server(serving(ServedFile::of_size(20 * kMiB)));
  const auto object = open_object(server);
  server.forget_requests();
  for (int64_t at = 5 * kMiB; at < 6 * kMiB; at += 1000) expect_range(*object, at, 1000);
  EXPECT_THAT(ranges_of(server),
              ElementsAre("5242880-5246975", "5246976-5255167", "5255168-5271551",
                          "5271552-5304319", "5304320-5369855", "5369856-5500927",
                          "5500928-5763071", "5763072-6025215", "6025216-6287359",
                          "6287360-6549503"));
  // Places as far from each other as was read ahead, too.
  server.forget_requests();
  const int64_t before = server.bytes_sent();
  for (int64_t i = 0; i < 20; ++i) expect_range(*object, 10 * kMiB + i * 256 * 1024, 800);
  EXPECT_EQ(server.requests().size(), 20u);
  EXPECT_LE(server.bytes_sent() - before, 20 * 4500);

  // Streams one behind the other.
  server.forget_requests();
  for (int64_t i = 0; i < 500; ++i) expect_stream(*object, 8 * kMiB + i * 100, 100);
  EXPECT_THAT(ranges_of(server), ElementsAre("8388608-8388707", "8388708-8392803",
                                             "8392804-8400995", "8400996-8417379",
                                             "8417380-8450147"));
}

TEST(RemoteObjectTest, ShortRangesInAnyOrderFromSeveralThreads) {
  HttpServer server(serving(ServedFile::of_size(3 * kMiB)));
  const auto object = open_object(server);
  std::vector<std::jthread> threads;
  for (unsigned seed = 0; seed < 4; ++seed) {
    threads.emplace_back([&, seed] {
      std::minstd_rand random(seed + 1);
      for (int i = 0; i < 300; ++i) {
        const auto bytes = static_cast<int64_t>(1 + random() % (i % 10 == 0 ? 300'000 : 3000));
        const int64_t near = static_cast<int64_t>(random() % 3) * kMiB;
        const int64_t offset = std::min(near + static_cast<int64_t>(random() % 20'000),
                                        object->size() - bytes);
        i % 2 == 0 ? expect_range(*object, offset, bytes) : expect_stream(*object, offset, bytes);
      }
    });
  }
}

TEST(RemoteObjectTest, ShortRangesTakeNoMoreConnectionsThanThereAre) {
  std::atomic<int> now = 0, most = 0;
  HttpServer server([&, file = ServedFile::of_size(20 * kMiB)](const ServerRequest& request) {
    const int count = ++now;
    for (int known = most; known < count && !most.compare_exchange_weak(known, count);) {
    }
    std::this_thread::sleep_for(5ms);
    --now;
    return serve_file(request, file);
  });
  const auto pool = std::make_shared<TransferPool>(2);
  const RemoteObject object(pool, create_url_target(server.url("/object"), {}), hasty_options());
  {
    std::vector<std::jthread> threads;
    for (int64_t i = 0; i < 8; ++i) {
      threads.emplace_back([&, i] {
        for (int64_t at = 1; at < 6; ++at) expect_range(object, i * kMiB + at * 100'000, 10);
      });
    }
  }
  EXPECT_EQ(most, 2);
}

TEST(RemoteObjectTest, LongRangesComeInPartsWithTheValidator) {
  HttpServer server(serving(ServedFile::of_size(100 * kMiB)));
  const auto object = open_object(server);
  expect_range(*object, kMiB + 12'345, 50 * kMiB + 1);
  expect_stream(*object, 54'321, 50 * kMiB + 1);
  std::set<std::string> ranges;
  for (const ServerRequest& request : server.requests()) {
    ranges.insert(*request.header("Range"));
    if (request.number > 0) {
      EXPECT_EQ(*request.header("If-Match"), "\"1\"");
    }
  }
  EXPECT_EQ(ranges.size(), server.requests().size()) << "nothing is asked for twice";
  EXPECT_TRUE(ranges.count("bytes=1060921-" + std::to_string(1060921 + 50 * kMiB / 16 + 65'535)))
      << testing::PrintToString(ranges);
}

TEST(RemoteObjectTest, PartsAreAsLongAsASecondBrings) {
  PartTimes times(1s);
  EXPECT_EQ(times.bytes_in_a_second(), 0);
  for (const int64_t bytes : {4000, 8000, 100}) times.add(bytes, 2s);
  EXPECT_EQ(times.bytes_in_a_second(), 2000);
  EXPECT_EQ(times.late_after(8000), std::nullopt) << "three parts tell little";
  times.add(4000, 2s);
  EXPECT_EQ(times.late_after(8000), 12s);
  EXPECT_EQ(times.late_after(1), 1s);
}

TEST(RemoteObjectTest, ASlowStreamIsHandedOutWhileItArrives) {
  HttpServer::Options slow;
  slow.bytes_per_second = kMiB;
  HttpServer server(serving(ServedFile::of_size(4 * kMiB)), slow);
  const auto object = open_object(server);
  std::vector<int64_t> pieces;
  object->stream(0, 4 * kMiB, [&](std::span<const std::byte> piece) {
    pieces.push_back(static_cast<int64_t>(piece.size()));
  });
  EXPECT_LT(pieces.front(), kMiB / 4);
  std::set<std::string> ranges;
  for (const ServerRequest& request : server.requests()) ranges.insert(*request.header("Range"));
  EXPECT_TRUE(ranges.count("bytes=262144-524287"))
      << "short until it is known what a second brings";
  EXPECT_EQ(std::accumulate(pieces.begin(), pieces.end(), int64_t{0}), 4 * kMiB);
  EXPECT_TRUE(std::all_of(pieces.begin(), pieces.end(), [](int64_t n) { return n % 64 == 0; }));
}

TEST(RemoteObjectTest, AWeakValidatorIsComparedAndNotSent) {
  ServedFile file = ServedFile::of_size(10 * kMiB);
  file.etag = "W/\"1\"";
  HttpServer server(serving(file));
  const auto object = open_object(server);
  expect_stream(*object, 0, 10 * kMiB);
  for (const ServerRequest& request : server.requests()) {
    EXPECT_EQ(request.header("If-Match"), nullptr);
  }
}

// A pool serves all objects; never more requests are under way than it has connections, and read-
// ahead stays bounded while a consumer is slow.
TEST(RemoteObjectTest, RequestsAtOnceAndReadAheadAreBounded) {
  std::mutex mutex;
  int now = 0, most = 0;
  ServedFile file = ServedFile::of_size(64 * kMiB);
  file.content.fill = [&, fill = file.content.fill](int64_t offset, std::span<char> bytes) {
    if (offset % kMiB == 0) {
      const std::lock_guard lock(mutex);
      most = std::max(most, ++now);
    }
    fill(offset, bytes);
    if ((offset + static_cast<int64_t>(bytes.size())) % kMiB == 0) {
      const std::lock_guard lock(mutex);
      --now;
    }
  };
  HttpServer server(serving(file));
  RemoteOptions options = hasty_options();
  options.part_bytes = kMiB;
  const auto pool = std::make_shared<TransferPool>(4);
  options.hedge_after = 600s;
  const RemoteObject object(pool, create_url_target(server.url("/object"), {}), options);
  now = most = 0;
  size_t requests_at_first_chunk = 0;
  object.stream(0, 64 * kMiB, [&](std::span<const std::byte>) {
    if (requests_at_first_chunk) return;
    std::this_thread::sleep_for(200ms);
    requests_at_first_chunk = server.requests().size();
  });
  EXPECT_LE(most, 4);
  EXPECT_LE(requests_at_first_chunk, 1u + 6u) << "parts of six buffers";
}

TEST(RemoteObjectTest, SeveralStreamsShareAPool) {
  HttpServer server(serving(ServedFile::of_size(40 * kMiB)));
  RemoteOptions options = hasty_options();
  options.part_bytes = kMiB;
  const auto pool = std::make_shared<TransferPool>(3);
  const RemoteObject object(pool, create_url_target(server.url("/object"), {}), options);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&, i] {
      expect_stream(object, i * 1000, 20 * kMiB);
      expect_range(object, i * 1000, 3 * kMiB);
      expect_range(object, i * 300'000, 3000);
    });
  }
}

// One that consumes another stream of the pool cannot wait for memory that it holds itself.
TEST(RemoteObjectTest, ASinkMayStreamToo) {
  HttpServer server(serving(ServedFile::of_size(20 * kMiB)));
  RemoteOptions options = hasty_options();
  options.part_bytes = kMiB;
  const auto pool = std::make_shared<TransferPool>(2);
  const RemoteObject object(pool, create_url_target(server.url("/object"), {}), options);
  object.stream(0, 10 * kMiB, [&](auto) { expect_stream(object, 5, 4 * kMiB); });
}

TEST(RemoteObjectTest, ASinkThatThrowsAndAStopEndAllAtOnce) {
  HttpServer server(serving(ServedFile::of_size(1000 * kMiB)), {.bytes_per_second = 4 * kMiB});
  RemoteOptions options = hasty_options();
  options.part_bytes = kMiB;
  const auto object = open_object(server, {}, options);
  EXPECT_THROW(object->stream(0, 1000 * kMiB, [](auto) { throw std::logic_error("full"); }),
               std::logic_error);
  std::stop_source stop;
  try {
    object->stream(0, 1000 * kMiB, [&](auto) { stop.request_stop(); }, stop.get_token());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCancelled);
  }
}

TEST(RemoteObjectTest, ARedirectIsFollowedOnceAndAgainWhenItHasExpired) {
  std::atomic<int> signature = 1;
  HttpServer store([&](const ServerRequest& request) {
    if (request.query() == "sig=" + std::to_string(signature)) {
      return serve_file(request, ServedFile::of_size(20 * kMiB));
    }
    ServerReply reply;
    reply.status = 403;
    return reply;
  });
  HttpServer server([&](const ServerRequest&) {
    ServerReply reply;
    reply.status = 302;
    reply.headers = {{"Location", store.url("/x?sig=" + std::to_string(signature))}};
    return reply;
  });
  const auto object = open_object(server, {{"Authorization", "Bearer t"}});
  expect_range(*object, 5 * kMiB, 10'000);
  EXPECT_EQ(server.requests().size(), 1u);
  signature = 2;
  expect_range(*object, 10 * kMiB, 10'000);
  EXPECT_EQ(server.requests().size(), 2u);
  for (const ServerRequest& request : store.requests()) {
    EXPECT_EQ(request.header("Authorization"), nullptr);
  }
}

TEST(RemoteObjectTest, WithoutRangesASmallObjectIsKeptAndALongOneOnlyStreamed) {
  ServedFile file = ServedFile::of_size(kMiB);
  file.takes_ranges = false;
  HttpServer small(serving(file));
  const auto kept = open_object(small);
  expect_range(*kept, 1000, 500'000);
  expect_stream(*kept, 1000, 500'000);
  EXPECT_EQ(small.requests().size(), 1u);

  file.content = ServedFile::of_size(20 * kMiB).content;
  HttpServer large(serving(file));
  const auto object = open_object(large);
  EXPECT_EQ(object->size(), 20 * kMiB);
  std::vector<std::byte> bytes(100);
  try {
    object->read(5, bytes);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
    EXPECT_THAT(error.hint(), HasSubstr("caching"));
  }
  expect_stream(*object, 0, 20 * kMiB);
  expect_stream(*object, 7 * kMiB, 3 * kMiB);
}

TEST(RemoteObjectTest, EmptyObjects) {
  HttpServer server(serving(ServedFile::of("")));
  const auto object = open_object(server);
  EXPECT_EQ(object->size(), 0);
  object->stream(0, 0, [](auto) { FAIL(); });
  std::byte byte;
  EXPECT_THROW(object->read(0, {&byte, 1}), Error);
}

}  // namespace
}  // namespace ferrum
