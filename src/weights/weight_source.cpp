#include "ferrum/weights/weight_source.h"

namespace ferrum {
namespace {

class BorrowedStorage : public Storage {
 public:
  // Read-only, so the const that is cast away is never used.
  explicit BorrowedStorage(std::string_view bytes)
      : Storage(const_cast<char*>(bytes.data()), static_cast<int64_t>(bytes.size()), Device::cpu(),
                false) {}
};

// Without what may hold a secret: query, fragment, and the user before the host.
std::string path_of_url(std::string_view url) {
  url = url.substr(0, url.find_first_of("?#"));
  const size_t host = url.find("://");
  const size_t path = host == url.npos ? url.npos : url.find('/', host + 3);
  return path == url.npos ? "a URL" : std::string(url.substr(path));
}

}  // namespace

WeightSource WeightSource::file(std::string path, std::optional<std::string> tensor_name) {
  WeightSource source;
  source.kind = "file";
  source.location["path"] = std::move(path);
  source.tensor_name = std::move(tensor_name);
  return source;
}

WeightSource WeightSource::memory(std::shared_ptr<Storage> bytes, std::string name,
                                  std::optional<WeightFormat> format) {
  if (!bytes) throw Error(ErrorCode::kInvalidArgument, "a memory source without bytes");
  WeightSource source;
  source.kind = "memory";
  source.location["name"] = std::move(name);
  source.location["size"] = bytes->size();
  source.format = std::move(format);
  source.bytes = std::move(bytes);
  return source;
}

std::string WeightSource::to_string() const {
  for (const char* key : {"path", "name", "filename", "key", "url"}) {
    const auto it = location.find(key);
    if (it == location.end() || !it->is_string()) continue;
    std::string text = *it;
    if (std::string_view(key) == "url") text = path_of_url(text);
    return text.substr(text.rfind('/') + 1);
  }
  return "a source of kind " + kind;
}

void to_json(Json& json, const WeightSource& source) {
  json = {{"kind", source.kind}, {"location", source.location}};
  if (source.format) json["format"] = *source.format;
  if (!source.format_options.empty()) json["format_options"] = source.format_options;
  if (source.tensor_name) json["tensor_name"] = *source.tensor_name;
}

void from_json(const Json& json, WeightSource& source) {
  source = {};
  JsonReader reader(json, "weight source");
  reader.require("kind", source.kind);
  reader.read("location", source.location);
  if (std::string format; reader.read("format", format)) source.format = std::move(format);
  reader.read("format_options", source.format_options);
  if (std::string name; reader.read("tensor_name", name)) source.tensor_name = std::move(name);
  reader.finish();
}

std::shared_ptr<Storage> borrow_bytes(std::string_view bytes) {
  return std::make_shared<BorrowedStorage>(bytes);
}

}  // namespace ferrum
