// Warm loads against memcpy in the same run: what a view costs to read, and what a transformation
// reaches. Cold loads against fio and against reads past the page cache, at the same depth and of
// the same file. Bytes per second are those of the file.

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

#include "ferrum/weights/weight_catalogs.h"
#include "support/host_tensor_factory.h"
#include "support/safetensors_bytes.h"
#include "support/temp_folder.h"

namespace ferrum {
namespace {

constexpr int64_t kRows = 8192, kColumns = 8192, kBytes = kRows * kColumns * 2;  // bf16: 128 MiB

class Weights {
 public:
  static Weights& get() {
    static Weights weights;
    return weights;
  }
  Tensor load(std::vector<TensorTransformation> transformations) {
    return loader_->load_tensor({"w", std::nullopt, std::nullopt, Device::cpu(), source_,
                                 std::move(transformations)});
  }

 private:
  Weights() {
    std::string header =
        R"({"w":{"dtype":"BF16","shape":[8192,8192],"data_offsets":[0,134217728]}})";
    header.resize((header.size() + 63) / 64 * 64 - 8, ' ');
    source_ = WeightSource::file(directory_.write(
        "w.safetensors", safetensors_bytes(header, std::string(kBytes, '\x3f'))));
    loader_->preload(source_);
  }

  test::TempFolder directory_;
  HostTensorFactory factory_;
  WeightCatalogs catalogs_ = create_weight_catalogs();
  std::unique_ptr<WeightLoader> loader_ = create_weight_loader(catalogs_, factory_);
  WeightSource source_;
};

constexpr int kDepth = 8;  // reads at once, of 8 MiB, as many as preload has under way

// A file that is in nobody's memory.
class ColdFile {
 public:
  static constexpr int64_t kSize = int64_t{1} << 30;

  ColdFile() {
    std::string header =
        R"({"w":{"dtype":"BF16","shape":[536870912],"data_offsets":[0,1073741824]}})";
    header.resize((header.size() + 63) / 64 * 64 - 8, ' ');
    std::string bytes(kSize, '\0');
    for (size_t i = 0; i < bytes.size(); i += 8) {
      const uint64_t word = i * 0x9e3779b97f4a7c15;
      std::memcpy(bytes.data() + i, &word, sizeof word);
    }
    path_ = folder_.write("cold.safetensors", safetensors_bytes(header, bytes));
    descriptor_ = open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    fdatasync(descriptor_);
  }
  ~ColdFile() { close(descriptor_); }
  void cool() const { posix_fadvise(descriptor_, 0, 0, POSIX_FADV_DONTNEED); }
  bool is_cold() const {
    void* const view = mmap(nullptr, kSize, PROT_READ, MAP_SHARED, descriptor_, 0);
    std::vector<unsigned char> pages(static_cast<size_t>(kSize / getpagesize()));
    const bool known = mincore(view, kSize, pages.data()) == 0;
    munmap(view, kSize);
    return known && std::none_of(pages.begin(), pages.end(), [](auto page) { return page & 1; });
  }
  const std::string& path() const { return path_; }

  static ColdFile& get() {
    static ColdFile file;
    return file;
  }

 private:
  test::TempFolder folder_;
  std::string path_;
  int descriptor_ = -1;
};

// `read` takes the path of a cold file and gives back the seconds that it took, 0 for a failure.
template <class F>
void measure_cold(benchmark::State& state, F&& read) {
  for (auto _ : state) {
    ColdFile::get().cool();
    if (!ColdFile::get().is_cold()) return state.SkipWithError("the file stays in memory");
    const double seconds = read(ColdFile::get().path());
    if (seconds <= 0) return state.SkipWithError("it cannot be measured here");
    state.SetIterationTime(seconds);
  }
  state.SetBytesProcessed(state.iterations() * ColdFile::kSize);
}

template <class F>
void time_cold(benchmark::State& state, F&& read) {
  measure_cold(state, [&](const std::string& path) {
    const auto start = std::chrono::steady_clock::now();
    read(path);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  });
}

// By its own clock, without its start.
double time_fio(const std::string& path) {
  const std::string command =
      "fio --name=cold --readonly --rw=read --direct=1 --bs=8M"
      " --ioengine=io_uring --output-format=json --iodepth=" +
      std::to_string(kDepth) + " --filename=" + path + " 2>/dev/null";
  FILE* const pipe = popen(command.c_str(), "r");
  std::string text;
  for (int c; (c = fgetc(pipe)) != EOF;) text += static_cast<char>(c);
  if (pclose(pipe) != 0) return 0;
  const Json report = Json::parse(text.substr(text.find('{')));
  return ColdFile::kSize / report["jobs"][0]["read"]["bw_bytes"].get<double>();
}

void BM_ColdReadByFio(benchmark::State& state) { measure_cold(state, time_fio); }
BENCHMARK(BM_ColdReadByFio)->Unit(benchmark::kMillisecond)->UseManualTime();

void BM_ColdReadPastThePageCache(benchmark::State& state) {
  time_cold(state, [](const std::string& path) {
    const int descriptor = open(path.c_str(), O_RDONLY | O_DIRECT | O_CLOEXEC);
    constexpr int64_t kBlock = int64_t{8} << 20;
    std::atomic<int64_t> next{0};
    std::vector<std::jthread> threads;
    for (int t = 0; t < kDepth; ++t) {
      threads.emplace_back([&] {
        void* const block = std::aligned_alloc(4096, kBlock);
        for (int64_t at; (at = next.fetch_add(kBlock)) < ColdFile::kSize;) {
          if (pread(descriptor, block, kBlock, at) <= 0) std::abort();
        }
        std::free(block);
      });
    }
    threads.clear();
    close(descriptor);
  });
}
BENCHMARK(BM_ColdReadPastThePageCache)->Unit(benchmark::kMillisecond)->UseManualTime();

void BM_ColdLoad(benchmark::State& state) {
  HostTensorFactory factory;
  const WeightCatalogs catalogs = create_weight_catalogs();
  time_cold(state, [&](const std::string& path) {
    const auto loader = create_weight_loader(catalogs, factory, {.max_concurrent_loads = kDepth});
    const WeightSource source = WeightSource::file(path);
    loader->preload(source);
    benchmark::DoNotOptimize(
        loader->load_tensor({"w", {}, {}, Device::cpu(), source, {}}).raw_data());
  });
}
BENCHMARK(BM_ColdLoad)->Unit(benchmark::kMillisecond)->UseManualTime();

// Nothing is preloaded: what lies ahead of the cast comes near while it works.
void BM_ColdCast(benchmark::State& state) {
  HostTensorFactory factory;
  const WeightCatalogs catalogs = create_weight_catalogs();
  time_cold(state, [&](const std::string& path) {
    const auto loader = create_weight_loader(catalogs, factory);
    const Tensor tensor = loader->load_tensor(
        {"w", {}, {}, Device::cpu(), WeightSource::file(path),
         {TensorTransformation::cast(DataType::kF16)}});
    benchmark::DoNotOptimize(tensor.raw_data());
  });
}
BENCHMARK(BM_ColdCast)->Unit(benchmark::kMillisecond)->UseManualTime();

void finish(benchmark::State& state) { state.SetBytesProcessed(state.iterations() * kBytes); }

uint64_t sum_words(const void* data) {
  const auto* words = static_cast<const uint64_t*>(data);
  uint64_t sum = 0;
  for (int64_t i = 0; i < kBytes / 8; ++i) sum += words[i];
  return sum;
}

void BM_Memcpy(benchmark::State& state) {
  const std::string from(kBytes, 'x');
  std::string to(kBytes, 'y');
  for (auto _ : state) {
    std::memcpy(to.data(), from.data(), kBytes);
    benchmark::ClobberMemory();
  }
  finish(state);
}
BENCHMARK(BM_Memcpy)->Unit(benchmark::kMillisecond)->UseRealTime();

void BM_ReadMemory(benchmark::State& state) {
  const std::string bytes(kBytes, 'x');
  for (auto _ : state) benchmark::DoNotOptimize(sum_words(bytes.data()));
  finish(state);
}
BENCHMARK(BM_ReadMemory)->Unit(benchmark::kMillisecond)->UseRealTime();

void BM_LoadViewAndReadIt(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(sum_words(Weights::get().load({}).raw_data()));
  finish(state);
}
BENCHMARK(BM_LoadViewAndReadIt)->Unit(benchmark::kMillisecond)->UseRealTime();

void load_transformed(benchmark::State& state, std::vector<TensorTransformation> steps) {
  for (auto _ : state) benchmark::DoNotOptimize(Weights::get().load(steps).raw_data());
  finish(state);
}
BENCHMARK_CAPTURE(load_transformed, cast_bf16_f32, {TensorTransformation::cast(DataType::kF32)})
    ->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(load_transformed, cast_bf16_f16, {TensorTransformation::cast(DataType::kF16)})
    ->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(load_transformed, cast_bf16_f8, {TensorTransformation::cast(DataType::kF8E4M3)})
    ->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(load_transformed, scale, {TensorTransformation::scale(0.5f)})
    ->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(load_transformed, transpose, {TensorTransformation::transpose(0, 1)})
    ->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(load_transformed, columns, {TensorTransformation::slice(1, 0, kColumns / 2)})
    ->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace ferrum
