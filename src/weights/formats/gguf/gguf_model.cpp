#include "weights/formats/gguf/gguf_model.h"

#include <algorithm>

#include "ferrum/types/error.h"
#include "weights/formats/gguf/gguf_config.h"
#include "weights/formats/gguf/gguf_file.h"
#include "weights/formats/gguf/gguf_tokenizer.h"

namespace ferrum {
namespace {

constexpr const char* kWeights = "model.gguf";

class GgufModel : public ModelFiles {
 public:
  GgufModel(GgufFile file, const WeightSource& source) : file_(std::move(file)), source_(source) {
    source_.format = "gguf";
    source_.format_options["names"] = "transformers";
  }

  std::vector<std::string> names() const override {
    std::vector<std::string> names{"config.json", "generation_config.json", kWeights};
    if (has_gguf_tokenizer(file_.values)) {
      names.insert(names.end(), {"tokenizer.json", "tokenizer_config.json"});
    }
    return names;
  }

  bool contains(std::string_view name) const override {
    const auto all = names();
    return std::find(all.begin(), all.end(), name) != all.end();
  }

  std::string read_text(std::string_view name, int64_t max_bytes) const override {
    const std::string text = make_text(name);
    if (static_cast<int64_t>(text.size()) <= max_bytes) return text;
    throw Error(ErrorCode::kInvalidFormat,
                location() + ": its " + std::string(name) + " has " + std::to_string(text.size()) +
                    " bytes, at most " + std::to_string(max_bytes) + " are read");
  }

  WeightSource weight_source(std::string_view name) const override {
    if (name != kWeights) refuse(name);
    return source_;
  }

  std::string location() const override { return file_.name; }

 private:
  [[noreturn]] void refuse(std::string_view name) const {
    throw Error(ErrorCode::kNotFound, location() + " has no file '" + std::string(name) + "'");
  }

  std::string make_text(std::string_view name) const {
    if (!contains(name)) refuse(name);
    if (name == "config.json") return gguf_config(file_).dump();
    if (name == "generation_config.json") return gguf_generation_config(file_).dump();
    if (name == "tokenizer.json") return gguf_tokenizer(file_.values, file_.name);
    if (name == "tokenizer_config.json") {
      return gguf_tokenizer_config(file_.values, file_.name).dump();
    }
    refuse(name);
  }

  GgufFile file_;
  WeightSource source_;
};

}  // namespace

bool may_be_gguf_model(std::string_view name) {
  if (!name.ends_with(".gguf")) return false;
  const auto part = parse_gguf_part_name(name);
  return !part || part->number == 1;
}

std::unique_ptr<ModelFiles> open_gguf_model(const WeightFile& file, const WeightSource& source) {
  return std::make_unique<GgufModel>(open_gguf_file(file), source);
}

}  // namespace ferrum
