// Any bytes as a GGUF file: as it is, under transformers' names, and as the files of a model.

#include "fuzz/format_fuzz.h"

namespace ferrum {
namespace {

void ignore_refusal(const auto& action) {
  try {
    action();
  } catch (const Error&) {
  }
}

void fuzz_model(const uint8_t* data, size_t size) {
  const WeightSource source = fuzz_source("gguf", data, size);
  const FormatPart& gguf = fuzz_catalogs().formats.get("gguf");
  const auto model = gguf.open_model(open_lone_file(source), source);
  for (const std::string& name : model->names()) {
    ignore_refusal([&] { model->read_text(name, int64_t{1} << 30); });
  }
  read_all(*gguf.open(open_lone_file(model->weight_source("model.gguf"))));
}

}  // namespace
}  // namespace ferrum

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ferrum::ignore_refusal([&] { ferrum::fuzz_model(data, size); });
  return ferrum::fuzz_format("gguf", data, size);
}
