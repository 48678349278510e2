// Casts and quantisations while weights are loaded, as shares of memcpy by as many threads in the
// same moments: each sample of a transformation stands beside one of memcpy, and the medians are
// printed: bytes of the file per second, per second of one processor's time (which neighbours on a
// shared machine change less), and the share of memcpy's rate. The file is warm; the result is
// allocated anew in each sample, as a load does, while memcpy's destination is warm.
//
//   quantize_bench [threads]      2 by default

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "ferrum/types/vector_isa.h"
#include "ferrum/weights/weight_catalogs.h"
#include "support/host_tensor_factory.h"
#include "support/safetensors_bytes.h"
#include "support/temp_folder.h"
#include "weights/work_in_parallel.h"

namespace ferrum {
namespace {

constexpr int kSamples = 15, kTensors = 8;
constexpr int64_t kRows = 2048, kColumns = 4096;

class Weights {
 public:
  Weights(DataType dtype, int threads)
      : threads_(threads), bytes_(bytes_of(dtype, kRows * kColumns)) {
    Json header;
    std::string data;
    for (int i = 0; i < kTensors; ++i) {
      const auto begin = static_cast<int64_t>(data.size());
      append(data, dtype);
      header["w" + std::to_string(i)] = {{"dtype", dtype == DataType::kF32 ? "F32" : "BF16"},
                                         {"shape", {kRows, kColumns}},
                                         {"data_offsets", {begin, begin + bytes_}}};
    }
    source_ = WeightSource::file(folder_.write("w", safetensors_bytes(header.dump(), data)));
    source_.format = "safetensors";
    loader_ = create_weight_loader(catalogs_, factory_, {.max_concurrent_loads = threads});
    loader_->preload(source_);
    for (const TensorSpec& spec : specs({})) mapped_.push_back(loader_->load_tensor(spec));
    copy_.resize(static_cast<size_t>(kTensors * bytes_));
  }

  void measure(const char* name, std::vector<TensorTransformation> transformations) {
    const auto wanted = specs(std::move(transformations));
    const auto load = [&] { return loader_->load_weights(wanted).size(); };
    const double gigabytes = static_cast<double>(kTensors * bytes_) * 1e-9;
    std::vector<double> rates, processor_rates, shares;
    measure(load);
    for (int i = 0; i < kSamples; ++i) {
      const Times copying = measure([&] { copy(); });
      const Times loading = measure(load);
      rates.push_back(gigabytes / loading.wall);
      processor_rates.push_back(gigabytes / loading.processor);
      shares.push_back(copying.wall / loading.wall);
    }
    std::printf("%-24s %6.2f GB/s %6.2f GB per processor second %5.0f %% of memcpy\n", name,
                median(rates), median(processor_rates), 100 * median(shares));
  }

 private:
  void append(std::string& data, DataType dtype) const {
    uint32_t state = 1;
    for (int64_t i = 0; i < kRows * kColumns; ++i) {
      state = state * 1664525u + 1013904223u;
      const float x = static_cast<float>(state >> 8) * 0x1p-28f - 0x1p-5f;
      const BFloat16 half = to_bfloat16(x);
      if (dtype == DataType::kF32) data.append(reinterpret_cast<const char*>(&x), sizeof(x));
      else data.append(reinterpret_cast<const char*>(&half), sizeof(half));
    }
  }

  std::vector<TensorSpec> specs(std::vector<TensorTransformation> transformations) const {
    std::vector<TensorSpec> specs;
    for (int i = 0; i < kTensors; ++i) {
      specs.push_back({"w" + std::to_string(i), std::nullopt, std::nullopt, Device::cpu(), source_,
                       transformations});
    }
    return specs;
  }

  void copy() {
    work_in_parallel(kTensors, threads_, [&](int64_t i) {
      std::memcpy(copy_.data() + i * bytes_, mapped_[static_cast<size_t>(i)].raw_data(),
                  static_cast<size_t>(bytes_));
    });
  }

  struct Times {
    double wall, processor;  // seconds; the latter of all threads
  };
  template <class F>
  static Times measure(F&& work) {
    const auto begin = std::chrono::steady_clock::now();
    const std::clock_t clock = std::clock();
    work();
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
    return {wall.count(), static_cast<double>(std::clock() - clock) / CLOCKS_PER_SEC};
  }

  static double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
  }

  const int threads_;
  const int64_t bytes_;  // of one tensor
  test::TempFolder folder_;
  HostTensorFactory factory_;
  WeightCatalogs catalogs_ = create_weight_catalogs();
  std::unique_ptr<WeightLoader> loader_;
  WeightSource source_;
  std::vector<Tensor> mapped_;
  std::vector<char> copy_;
};

void run(int threads) {
  using T = TensorTransformation;
  using Q = QuantizationConfig;
  std::printf("%d threads, %s\n", threads, std::string(to_string(best_vector_isa())).c_str());
  {
    Weights bf16(DataType::kBF16, threads);
    bf16.measure("bf16 to int8", {T::quantize(Q::int8())});
    bf16.measure("bf16 to int8, zeros", {T::quantize(Q::int8(false))});
    bf16.measure("bf16 to int4 by 128", {T::quantize(Q::int4())});
    bf16.measure("bf16 to int4 by 32", {T::quantize(Q::int4(32))});
    bf16.measure("bf16 to fp8", {T::quantize(Q::fp8())});
    bf16.measure("bf16 cast to f32", {T::cast(DataType::kF32)});
    bf16.measure("bf16 cast to f16", {T::cast(DataType::kF16)});
    bf16.measure("bf16 cast to f8_e4m3", {T::cast(DataType::kF8E4M3)});
    bf16.measure("bf16 scaled", {T::scale(0.5f)});
  }
  Weights f32(DataType::kF32, threads);
  f32.measure("f32 to int8", {T::quantize(Q::int8())});
  f32.measure("f32 to int4 by 128", {T::quantize(Q::int4())});
  f32.measure("f32 cast to bf16", {T::cast(DataType::kBF16)});
  f32.measure("f32 cast to f16", {T::cast(DataType::kF16)});
  f32.measure("f32 cast to f8_e4m3", {T::cast(DataType::kF8E4M3)});
}

}  // namespace
}  // namespace ferrum

int main(int argc, char** argv) { ferrum::run(argc > 1 ? std::atoi(argv[1]) : 2); }
