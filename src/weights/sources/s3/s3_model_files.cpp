#include "weights/sources/s3/s3_model_files.h"

#include <map>

#include "ferrum/text/utf8.h"
#include "ferrum/types/error.h"
#include "weights/model_file_name.h"
#include "weights/model_text_check.h"
#include "weights/sources/s3/s3_objects.h"
#include "weights/sources/s3/s3_source.h"

namespace ferrum {
namespace {

class S3ModelFiles : public ModelFiles {
 public:
  S3ModelFiles(std::shared_ptr<S3Bucket> bucket, S3Location folder, std::vector<S3Object> objects)
      : bucket_(std::move(bucket)), folder_(std::move(folder)) {
    for (const S3Object& object : objects) {
      const std::string name = object.key.substr(folder_.key.size());
      if (is_model_file_name(name) && !find_invalid_utf8(name)) sizes_[name] = object.size;
    }
  }

  std::vector<std::string> names() const override {
    std::vector<std::string> names;
    for (const auto& [name, size] : sizes_) names.push_back(name);
    return names;
  }

  bool contains(std::string_view name) const override {
    if (sizes_.find(name) != sizes_.end()) return true;
    return name.find('/') != name.npos && is_model_file_name(name) && is_object(key_of(name));
  }

  std::string read_text(std::string_view name, int64_t max_bytes) const override {
    const auto listed = sizes_.find(name);
    if (listed == sizes_.end() && !contains(name)) refuse_name(name);
    const std::string url = folder_.to_string() + std::string(name);
    if (listed != sizes_.end()) check_model_text_size(url, listed->second, max_bytes);
    std::string text = read_object(*bucket_, key_of(name), max_bytes);
    check_model_text(url, text);
    return text;
  }

  WeightSource weight_source(std::string_view name) const override {
    if (!contains(name)) refuse_name(name);
    S3Location location = folder_;
    location.key = key_of(name);
    return to_weight_source(location);
  }

  std::string location() const override { return folder_.to_string(); }

 private:
  std::string key_of(std::string_view name) const { return folder_.key + std::string(name); }

  bool is_object(const std::string& key) const try {
    head_object(*bucket_, key);
    return true;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kNotFound) return false;
    throw;
  }

  [[noreturn]] void refuse_name(std::string_view name) const {
    throw Error(ErrorCode::kNotFound,
                folder_.to_string() + " has no file '" + std::string(name) + "'");
  }

  std::shared_ptr<S3Bucket> bucket_;
  S3Location folder_;
  std::map<std::string, int64_t, std::less<>> sizes_;
};

}  // namespace

std::unique_ptr<ModelFiles> create_s3_model_files(std::shared_ptr<S3Bucket> bucket,
                                                  S3Location folder,
                                                  std::vector<S3Object> objects) {
  return std::make_unique<S3ModelFiles>(std::move(bucket), std::move(folder), std::move(objects));
}

}  // namespace ferrum
