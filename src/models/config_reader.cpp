#include "models/config_reader.h"

#include <cmath>
#include <limits>

namespace ferrum {

ConfigReader::ConfigReader(const Json& object, std::string where)
    : object_(object), where_(std::move(where)) {
  if (!object.is_object()) {
    throw Error(ErrorCode::kInvalidFormat,
                where_ + " must be a JSON object, found " + object.type_name());
  }
}

const Json* ConfigReader::find(std::string_view key) const {
  const auto it = object_.find(key);
  return it == object_.end() || it->is_null() ? nullptr : &*it;
}

int64_t ConfigReader::size(std::string_view key) const {
  const Json* value = find(key);
  if (!value) fail(key, "is required");
  constexpr int64_t kMax = std::numeric_limits<int32_t>::max();
  if (!value->is_number_integer() || *value < 1 || *value > kMax) {
    fail(key, "must be an integer from 1 to 2^31 - 1, found " + value->dump());
  }
  return value->get<int64_t>();
}

int64_t ConfigReader::size_or(std::string_view key, int64_t otherwise) const {
  return find(key) ? size(key) : otherwise;
}

double ConfigReader::positive(std::string_view key) const {
  const Json* value = find(key);
  if (!value) fail(key, "is required");
  const double number = value->is_number() ? value->get<double>() : 0;
  if (!std::isfinite(number) || number <= 0) {
    fail(key, "must be a number above zero, found " + value->dump());
  }
  return number;
}

double ConfigReader::positive_or(std::string_view key, double otherwise) const {
  return find(key) ? positive(key) : otherwise;
}

bool ConfigReader::flag_or(std::string_view key, bool otherwise) const {
  const Json* value = find(key);
  if (!value) return otherwise;
  if (!value->is_boolean()) fail(key, "must be true or false, found " + value->dump());
  return value->get<bool>();
}

std::string ConfigReader::text_or(std::string_view key, std::string_view otherwise) const {
  const Json* value = find(key);
  if (!value) return std::string(otherwise);
  if (!value->is_string()) fail(key, "must be a string, found " + value->dump());
  return value->get<std::string>();
}

void ConfigReader::fail(std::string_view key, const std::string& why) const {
  throw Error(ErrorCode::kInvalidFormat, where_ + ": \"" + std::string(key) + "\" " + why);
}

}  // namespace ferrum
