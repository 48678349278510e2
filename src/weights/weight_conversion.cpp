#include "ferrum/weights/weight_conversion.h"

#include <algorithm>

#include "weights/disk.h"

namespace ferrum {
namespace {

constexpr int64_t kWindowBytes = int64_t{128} << 20;

// What a load gives: the tensor, or all parts of a quantised matrix.
std::vector<TensorDeclaration> declare(const TensorSpec& spec, const LoadPlan& plan) {
  if (plan.parts.empty()) return {{spec.name, plan.dtype, plan.shape}};
  std::vector<TensorDeclaration> tensors;
  for (const auto& part : plan.parts) {
    tensors.push_back({spec.name + part.suffix, part.dtype, part.shape});
  }
  return tensors;
}

void write(WeightWriter& writer, const std::string& name, const Tensor& tensor) {
  if (tensor.size_bytes() == 0) return;
  writer.write(name, {static_cast<const std::byte*>(tensor.raw_data()),
                      static_cast<size_t>(tensor.size_bytes())});
}

void write(WeightWriter& writer, const std::string& name, const Weight& weight) {
  if (const auto* tensor = std::get_if<Tensor>(&weight)) return write(writer, name, *tensor);
  for (const auto& part : std::get<QuantizedTensor>(weight).parts) {
    write(writer, name + part.suffix, part.tensor);
  }
}

}  // namespace

ConversionResult convert_weights(const WeightConversion& conversion, WeightLoader& loader,
                                 const FormatCatalog& formats, std::stop_token stop,
                                 const LoadProgress& progress) {
  const std::span<const TensorSpec> specs = conversion.tensors;
  ConversionResult result;
  WriteRequest target = conversion.target;
  std::vector<int64_t> bytes;
  for (const TensorSpec& spec : specs) {
    bytes.push_back(0);
    for (TensorDeclaration& tensor : declare(spec, loader.plan_load(spec))) {
      bytes.back() += bytes_of(tensor.dtype, tensor.shape.numel());
      target.tensors.push_back(std::move(tensor));
    }
    result.bytes += bytes.back();
  }
  result.tensors = static_cast<int64_t>(target.tensors.size());

  const auto writer = create_weight_writer(formats, target, conversion.format);
  int64_t done = 0;
  for (size_t first = 0, next = 0; first < specs.size(); first = next) {
    int64_t window = 0;
    do window += bytes[next++];
    while (next < specs.size() && window + bytes[next] <= kWindowBytes);
    const auto part = specs.subspan(first, next - first);
    const std::vector<Weight> weights =
        loader.load_weights(part, stop, [&](int64_t loaded, int64_t total) {
          const double share = static_cast<double>(loaded) / static_cast<double>(total);
          if (progress) {
            progress(done + static_cast<int64_t>(share * static_cast<double>(window)),
                     result.bytes);
          }
        });
    for (size_t i = 0; i < part.size(); ++i) write(*writer, part[i].name, weights[i]);
    done += window;
    if (progress) progress(done, result.bytes);
  }
  if (stop.stop_requested()) {
    throw Error(ErrorCode::kCancelled, "converting was stopped on request");
  }
  writer->finish();
  return result;
}

void write_model_text(const std::string& path, std::string_view text) { replace_file(path, text); }

}  // namespace ferrum
