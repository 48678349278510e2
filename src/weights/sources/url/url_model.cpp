#include "weights/sources/url/url_model.h"

#include <map>
#include <mutex>

#include "weights/http/url.h"
#include "weights/model_file_name.h"
#include "weights/model_text_check.h"

namespace ferrum {
namespace {

class UrlModel : public ModelFiles {
 public:
  UrlModel(UrlLocation folder, UrlFiles files)
      : folder_(std::move(folder)), files_(std::move(files)), location_(redact_url(folder_.url)) {}

  // A web server lists nothing: those that were found so far.
  std::vector<std::string> names() const override {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> names;
    for (const auto& [name, is_there] : known_) {
      if (is_there) names.push_back(name);
    }
    return names;
  }

  bool contains(std::string_view name) const override {
    if (!is_model_file_name(name)) return false;
    {
      const std::lock_guard lock(mutex_);
      if (const auto known = known_.find(name); known != known_.end()) return known->second;
    }
    try {
      files_.ask(location_of(name));
      return note(name, true);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kNotFound) throw;
      return note(name, false);
    }
  }

  std::string read_text(std::string_view name, int64_t max_bytes) const override {
    if (!contains(name)) refuse(name);
    const auto file = files_.open(location_of(name));
    check_model_text_size(file->name(), file->size(), max_bytes);
    std::string text(static_cast<size_t>(file->size()), '\0');
    file->read(0, std::as_writable_bytes(std::span(text)));
    check_model_text(file->name(), text);
    return text;
  }

  WeightSource weight_source(std::string_view name) const override {
    if (!contains(name)) refuse(name);
    return url_source(location_of(name));
  }

  std::string location() const override { return location_; }

 private:
  [[noreturn]] void refuse(std::string_view name) const {
    throw Error(ErrorCode::kNotFound, location_ + " has no file '" + std::string(name) + "'");
  }

  UrlLocation location_of(std::string_view name) const {
    return {url_in_folder(folder_.url, name), folder_.headers};
  }

  bool note(std::string_view name, bool is_there) const {
    const std::lock_guard lock(mutex_);
    return known_[std::string(name)] = is_there;
  }

  const UrlLocation folder_;
  const UrlFiles files_;
  const std::string location_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, bool, std::less<>> known_;  // whether it is there
};

}  // namespace

std::unique_ptr<ModelFiles> open_url_model(const UrlLocation& folder, UrlFiles files) {
  return std::make_unique<UrlModel>(folder, std::move(files));
}

}  // namespace ferrum
