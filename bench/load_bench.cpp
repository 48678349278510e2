// Warm loads against memcpy in the same run: what a view costs to read, and what a transformation
// reaches. Bytes per second are those of the file.

#include <benchmark/benchmark.h>

#include <cstring>

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
