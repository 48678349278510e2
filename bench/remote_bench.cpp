// An object of a server that limits each connection, against one connection to it in the same run:
// `connections` says how many of them the reading is worth. And of one that does not, against one
// plain request.

#include <benchmark/benchmark.h>

#include <chrono>

#include "support/http_server.h"
#include "weights/http/remote_object.h"

namespace ferrum {
namespace {

constexpr int64_t kMiB = int64_t{1} << 20;
constexpr int64_t kLimit = 20 * kMiB;  // bytes per second of a connection
constexpr int64_t kBytes = 512 * kMiB;

// One for all benchmarks: its bytes are zeros, which cost the server nothing.
test::HttpServer& server(bool is_limited) {
  const auto serve = [](const test::ServerRequest& request) {
    test::ServedFile file;
    file.content = {kBytes, [](int64_t, std::span<char> bytes) { bytes[0] = 0; }};
    return serve_file(request, file);
  };
  static test::HttpServer limited(serve, {.bytes_per_second = kLimit});
  static test::HttpServer unlimited(serve, {});
  return is_limited ? limited : unlimited;
}

// Bytes per second of one request.
double one_connection(bool is_limited) {
  const int64_t bytes = is_limited ? kLimit : kBytes;
  HttpClient client;
  HttpRequest request;
  request.url = server(is_limited).url("/object");
  request.headers = {{"Range", "bytes=0-" + std::to_string(bytes - 1)}};
  const auto start = std::chrono::steady_clock::now();
  int64_t received = 0;
  client.send(request, {}, {}, [&](const HttpResponse&, std::span<const std::byte> piece) {
    received += static_cast<int64_t>(piece.size());
  });
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  return static_cast<double>(received) / time.count();
}

template <class Read>
void measure(benchmark::State& state, bool is_limited, Read&& read) {
  const double one = one_connection(is_limited);
  const RemoteObject object(std::make_shared<TransferPool>(static_cast<int>(state.range(0))),
                            create_url_target(server(is_limited).url("/object"), {}));
  const auto start = std::chrono::steady_clock::now();
  for (auto _ : state) read(object);
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  const auto bytes = static_cast<double>(state.iterations() * kBytes);
  state.SetBytesProcessed(state.iterations() * kBytes);
  state.counters["connections"] = bytes / time.count() / one;
}

void stream_all(const RemoteObject& object) {
  int64_t sum = 0;
  object.stream(0, kBytes, [&](std::span<const std::byte> chunk) {
    sum += static_cast<int64_t>(chunk.size());
  });
  benchmark::DoNotOptimize(sum);
}

void BM_StreamFromALimitedServer(benchmark::State& state) { measure(state, true, stream_all); }
BENCHMARK(BM_StreamFromALimitedServer)
    ->Arg(16)
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();

void BM_ReadFromALimitedServer(benchmark::State& state) {
  std::vector<std::byte> buffer(kBytes);
  measure(state, true, [&](const RemoteObject& object) { object.read(0, buffer); });
}
BENCHMARK(BM_ReadFromALimitedServer)
    ->Arg(16)
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();

void BM_StreamFromAServer(benchmark::State& state) { measure(state, false, stream_all); }
BENCHMARK(BM_StreamFromAServer)
    ->Arg(1)
    ->Arg(4)
    ->Arg(16)
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();

}  // namespace
}  // namespace ferrum
