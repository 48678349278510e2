#include "weights/formats/gguf/gguf_architecture.h"

#include <cmath>
#include <limits>
#include <vector>

#include "ferrum/types/error.h"

namespace ferrum {

GgufArchitecture::GgufArchitecture(const GgufValues& values, std::string file)
    : values_(values), file_(std::move(file)) {
  const Json* name = values.find("general.architecture");
  if (!name || !name->is_string()) {
    throw Error(ErrorCode::kInvalidFormat,
                file_ + " does not say of which architecture its model is",
                "it needs the key general.architecture");
  }
  name_ = name->get<std::string>();
  if (name_ != "llama") refuse("a model of the architecture \"" + name_ + "\"");
}

const Json* GgufArchitecture::find(std::string_view key) const { return values_.find(full(key)); }

int64_t GgufArchitecture::size(std::string_view key) const {
  const Json* value = find(key);
  if (!value) fail(key, "is required");
  constexpr int64_t kMax = std::numeric_limits<int32_t>::max();
  const auto check_alike = [&](const auto& list) {
    for (const auto& each : list) {
      if (each != list.front()) refuse("layers that differ in " + full(key));
    }
  };
  if (value->is_array() && !value->empty()) {
    check_alike(*value);
    value = &value->front();
  }
  if (value->is_object()) {  // a list that stayed in the file
    const std::vector<double> numbers = values_.numbers(full(key));
    check_alike(numbers);
    const double number = numbers.front();
    if (number >= 1 && number <= kMax && number == std::floor(number)) {
      return static_cast<int64_t>(number);
    }
  }
  if (!value->is_number_integer() || *value < 1 || *value > kMax) {
    fail(key, "must be an integer from 1 to 2^31 - 1, found " + value->dump());
  }
  return value->get<int64_t>();
}

int64_t GgufArchitecture::size_or(std::string_view key, int64_t otherwise) const {
  return contains(key) ? size(key) : otherwise;
}

double GgufArchitecture::number_or(std::string_view key, double otherwise) const {
  const Json* value = find(key);
  if (!value) return otherwise;
  if (!value->is_number()) fail(key, "must be a number, found " + value->dump());
  return value->get<double>();
}

std::string GgufArchitecture::text_or(std::string_view key, std::string_view otherwise) const {
  const Json* value = find(key);
  if (!value) return std::string(otherwise);
  if (!value->is_string()) fail(key, "must be a string, found " + value->dump());
  return value->get<std::string>();
}

void GgufArchitecture::fail(std::string_view key, const std::string& why) const {
  throw Error(ErrorCode::kInvalidFormat, file_ + ": \"" + full(key) + "\" " + why);
}

void GgufArchitecture::refuse(const std::string& what) const {
  throw Error(ErrorCode::kUnsupported, file_ + " holds " + what,
              "GGUF files of the llama architecture can be run (Llama, Mistral and their kin)");
}

}  // namespace ferrum
