// Whole objects, brought into the cache.

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <mutex>

#include "support/expect_error.h"
#include "support/safetensors_bytes.h"
#include "weights/sources/s3/s3_fixture.h"

namespace ferrum {
namespace {

namespace fs = std::filesystem;
using test::S3Test;
using testing::HasSubstr;

constexpr int kBytes = 3'000'000;

std::string big_file() {
  std::string data(kBytes, '\0');
  for (size_t i = 0; i < data.size(); ++i) data[i] = static_cast<char>(i * 31 >> 3);
  return safetensors_bytes(
      R"({"x":{"dtype":"U8","shape":[3000000],"data_offsets":[0,3000000]}})", data);
}

class S3FetchTest : public S3Test {
 protected:
  S3FetchTest() { put({}); }

  void put(std::vector<std::pair<std::string, std::string>> checksums,
           const std::string& etag_end = "") {
    test::S3Object object{.file = test::ServedFile::of(file_), .checksums = std::move(checksums)};
    object.file.etag = "\"" + std::to_string(++version_) + etag_end + "\"";
    server_.put("models", "x.safetensors", std::move(object));
  }
  int cached_files() const {
    int count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(folder.path())) {
      count += entry.is_regular_file() && entry.file_size() == file_.size();
    }
    return count;
  }
  void fetch_half() {
    std::stop_source stop;
    test::expect_error(ErrorCode::kCancelled, HasSubstr("x.safetensors"), [&] {
      loader->preload(x_, stop.get_token(), [&](int64_t done, int64_t) {
        if (done > kBytes / 2) stop.request_stop();
      });
    });
  }
  std::string failure() {
    return test::error_of([&] { loader->preload(x_); }).message();
  }

  const std::string file_ = big_file();
  const WeightSource x_ = source("x.safetensors");
  int version_ = 0;
};

TEST_F(S3FetchTest, APreloadedObjectIsLoadedFromTheCache) {
  int64_t last = 0;
  loader->preload(x_, {}, [&](int64_t done, int64_t) { last = done; });
  EXPECT_EQ(last, static_cast<int64_t>(file_.size()));
  EXPECT_EQ(cached_files(), 1);
  server_.http().forget_requests();
  const Tensor tensor = loader->load_tensor(spec(x_, "x"));
  EXPECT_EQ(test::bytes_of_tensor(tensor), file_.substr(file_.size() - kBytes));
  for (const auto& request : server_.http().requests()) EXPECT_EQ(request.method, "HEAD");
}

TEST_F(S3FetchTest, AnotherVersionTakesThePlaceOfTheOld) {
  loader->preload(x_);
  put({});
  loader->preload(x_);
  EXPECT_EQ(cached_files(), 1);
}

TEST_F(S3FetchTest, WithoutCachingNothingIsKept) {
  config.enable_caching = false;
  const auto uncached = create_weight_loader(catalogs, factory, config);
  EXPECT_EQ(uncached->load_tensor(spec(x_, "x")).size_bytes(), kBytes);
  EXPECT_EQ(cached_files(), 0);
}

struct Known {
  const char* name;
  const char* right;
  const char* wrong;
};

class S3ChecksumsTest : public S3FetchTest, public testing::WithParamInterface<Known> {};

TEST_P(S3ChecksumsTest, AreComparedAndBytesThatDifferAreNotKept) {
  const std::string header = std::string("x-amz-checksum-") + GetParam().name;
  put({{header, GetParam().wrong}, {"x-amz-checksum-type", "FULL_OBJECT"}});
  EXPECT_THAT(failure(), HasSubstr("x.safetensors"));
  EXPECT_EQ(cached_files(), 0);

  config.enable_integrity_checks = false;
  create_weight_loader(catalogs, factory, config)->preload(x_);
  EXPECT_EQ(cached_files(), 1);

  put({{header, GetParam().right}, {"x-amz-checksum-type", "FULL_OBJECT"}});
  loader->preload(x_);
  put({{header, std::string(GetParam().wrong) + "-2"}});  // of parts
  loader->preload(x_);
  put({{header, GetParam().wrong}}, "-2");  // perhaps of parts
  loader->preload(x_);
  put({{header, GetParam().wrong}, {"x-amz-checksum-type", "COMPOSITE"}});
  loader->preload(x_);
  EXPECT_EQ(cached_files(), 1);
}

TEST_P(S3ChecksumsTest, AreOfTheWholeWhereAFetchGoesOn) {
  const std::string header = std::string("x-amz-checksum-") + GetParam().name;
  put({{header, GetParam().wrong}});
  fetch_half();
  EXPECT_THAT(failure(), HasSubstr("x.safetensors"));
  EXPECT_EQ(cached_files(), 0);

  put({{header, GetParam().right}});
  fetch_half();
  const int64_t fetched = loader->preload(x_);
  EXPECT_GT(fetched, 0);
  EXPECT_LT(fetched, kBytes / 2);
  EXPECT_EQ(cached_files(), 1);
}

TEST_P(S3ChecksumsTest, AreRefusedWhereTheyAreNone) {
  for (const char* malformed :
       {"", "?", "AAAA", "AAAAA", "AAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA*AAAAAAAAAAA="}) {
    put({{std::string("x-amz-checksum-") + GetParam().name, malformed}});
    EXPECT_THAT(failure(), HasSubstr("checksum that is none")) << malformed;
  }
}

// By hashlib, zlib and a bitwise division in Python.
INSTANTIATE_TEST_SUITE_P(
    S3, S3ChecksumsTest,
    testing::Values(Known{"sha256", "wED4ekuZuqaBQiK5QI7snKV6zqIjk8kq5Nf8gY98pvQ=",
                          "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="},
                    Known{"crc32", "C0iSEA==", "AAAAAA=="}, Known{"crc32c", "kBn8cg==", "AAAAAA=="},
                    Known{"crc64nvme", "XLDZ38XqfuU=", "AAAAAAAAAAA="}),
    [](const auto& known) { return std::string(known.param.name); });

TEST_F(S3FetchTest, AFetchThatWasCutGoesOnWhereItEnded) {
  fetch_half();
  const int64_t before = server_.http().bytes_sent();
  int64_t first = -1;
  loader->preload(x_, {}, [&](int64_t done, int64_t) { first = first < 0 ? done : first; });
  EXPECT_GT(first, kBytes / 2);
  EXPECT_LT(server_.http().bytes_sent() - before, kBytes);
  EXPECT_EQ(cached_files(), 1);
}

TEST_F(S3FetchTest, AServerThatCutsAndRefusesIsAskedUntilAllIsThere) {
  std::atomic<int> count = 0;
  server_.set_fault([&](const test::ServerRequest& request) -> std::optional<test::ServerReply> {
    const int n = ++count;
    if (request.method == "HEAD" || n % 3 == 0) return std::nullopt;
    if (n % 3 == 1) return test::s3_refusal(503, "SlowDown");
    test::ServerReply reply;
    reply.cut_after = 0;
    return reply;
  });
  loader->preload(x_);
  EXPECT_EQ(cached_files(), 1);
}

TEST_F(S3FetchTest, ASlowPartIsAskedForASecondTime) {
  constexpr int64_t kMiB = int64_t{1} << 20;
  const test::ServedFile file = test::ServedFile::of_size(20 * kMiB);
  server_.put("models", "large", test::S3Object{.file = file, .checksums = {}});
  std::mutex mutex;
  std::string slow;  // the first range beyond 10 MiB
  server_.set_fault([&](const test::ServerRequest& request) -> std::optional<test::ServerReply> {
    const std::string* range = request.header("Range");
    const std::lock_guard lock(mutex);
    if (!range || !slow.empty() || std::stoll(range->substr(6)) < 10 * kMiB) return std::nullopt;
    slow = *range;
    test::ServerReply reply = test::serve_file(request, file);
    reply.per_body_byte = std::chrono::milliseconds(100);
    return reply;
  });
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(loader->preload(source("large")), 20 * kMiB);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
  EXPECT_FALSE(slow.empty());
}

TEST_F(S3FetchTest, AnEmptyObjectIsAFileToo) {
  server_.put("models", "empty.bin", std::string());
  loader->preload(source("empty.bin"));
  const auto opened = catalogs.sources.get("s3").open(source("empty.bin"), config);
  EXPECT_EQ(opened->size(), 0);
}

}  // namespace
}  // namespace ferrum
