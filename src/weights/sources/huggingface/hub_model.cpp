// A model on the Hub, at the commit that it had when it was opened.

#include <map>

#include "ferrum/types/error.h"
#include "weights/foreign_content.h"
#include "weights/sources/huggingface/hub_source.h"

namespace ferrum {
namespace {

class HubModel : public ModelFiles {
 public:
  HubModel(std::shared_ptr<HubSource> hub, HubLocation model, const WeightLoaderConfig& config)
      : hub_(std::move(hub)), config_(config), location_(model.to_string()), pinned_(model) {
    HubListing listing = hub_->list(model, config_);
    pinned_.revision = listing.commit;
    for (HubFile& file : listing.files) files_[file.name] = std::move(file);
  }

  // As in a folder: neither what lies deeper nor what is hidden.
  std::vector<std::string> names() const override {
    std::vector<std::string> names;
    for (const auto& [name, file] : files_) {
      if (name.find('/') == std::string::npos && !name.starts_with('.')) names.push_back(name);
    }
    return names;
  }

  bool contains(std::string_view name) const override { return files_.contains(name); }

  std::string read_text(std::string_view name, int64_t max_bytes) const override {
    const HubLocation location = locate(name);
    const auto bytes = open(location);
    const std::string path = location_ + "/" + location.filename;
    if (bytes->size() > max_bytes) {
      throw Error(ErrorCode::kInvalidFormat, path + " has " + std::to_string(bytes->size()) +
                                                 " bytes, at most " + std::to_string(max_bytes) +
                                                 " are read");
    }
    std::string text(static_cast<size_t>(bytes->size()), '\0');
    bytes->read(0, std::as_writable_bytes(std::span(text)));
    if (const auto foreign = recognise_foreign(std::as_bytes(std::span(text)))) {
      throw Error(ErrorCode::kInvalidFormat, path + " is " + foreign->what, foreign->remedy);
    }
    return text;
  }

  WeightSource weight_source(std::string_view name) const override {
    return hub_source(locate(name));
  }

  std::string location() const override { return location_; }

 private:
  HubLocation locate(std::string_view name) const {
    const auto it = files_.find(name);
    if (it == files_.end()) {
      throw Error(ErrorCode::kNotFound, location_ + " has no file '" + std::string(name) + "'");
    }
    HubLocation location = pinned_;
    location.filename = it->first;
    return location;
  }

  // From the cache, where it comes to be now; by ranges where the cache cannot take it.
  std::unique_ptr<ByteSource> open(const HubLocation& location) const {
    if (config_.enable_caching) {
      try {
        hub_->fetch(location, config_, {}, {});
      } catch (const Error& error) {
        const bool is_of_disk =
            error.code() == ErrorCode::kIo || error.code() == ErrorCode::kResourceExhausted;
        if (!is_of_disk) throw;
      }
    }
    return hub_->open(location, config_);
  }

  const std::shared_ptr<HubSource> hub_;
  const WeightLoaderConfig config_;
  const std::string location_;
  HubLocation pinned_;
  std::map<std::string, HubFile, std::less<>> files_;
};

}  // namespace

std::unique_ptr<ModelFiles> open_hub_model(std::shared_ptr<HubSource> hub, HubLocation model,
                                           const WeightLoaderConfig& config) {
  return std::make_unique<HubModel>(std::move(hub), std::move(model), config);
}

}  // namespace ferrum
