// A file of a web server, read by ranges.

#include <algorithm>
#include <chrono>
#include <list>
#include <mutex>

#include "ferrum/weights/source_part.h"
#include "weights/downloads/cache_folders.h"
#include "weights/downloads/object_cache.h"
#include "weights/http/remote_config.h"
#include "weights/http/remote_object.h"
#include "weights/http/url.h"
#include "weights/sources/url/url_location.h"
#include "weights/sources/url/url_model.h"

namespace ferrum {
namespace {

using Clock = std::chrono::steady_clock;

// What was asked a moment ago is not asked again: the loader wants a stamp for every tensor, and
// opens what it has just got a stamp of.
class RecentObjects {
 public:
  struct Recent {
    std::string key;
    std::string stamp;
    std::unique_ptr<RemoteObject> object;  // null once it was taken
    Clock::time_point time;
  };

  // The stamp of `key`; empty where it is not known.
  std::string find_stamp(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const auto found = find(key);
    return found == recent_.end() ? std::string() : found->stamp;
  }
  std::unique_ptr<RemoteObject> take(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const auto found = find(key);
    return found == recent_.end() ? nullptr : std::move(found->object);
  }
  void put(Recent recent) {
    const std::lock_guard lock(mutex_);
    std::erase_if(recent_, [&](const Recent& known) { return known.key == recent.key; });
    recent_.push_back(std::move(recent));
  }

 private:
  std::list<Recent>::iterator find(const std::string& key) {
    constexpr std::chrono::seconds kMoment{5};
    const Clock::time_point now = Clock::now();
    std::erase_if(recent_, [&](const Recent& known) { return now - known.time > kMoment; });
    return std::find_if(recent_.begin(), recent_.end(),
                        [&](const Recent& known) { return known.key == key; });
  }

  std::mutex mutex_;
  std::list<Recent> recent_;
};

class UrlSources {
 public:
  // From the cache where it is there in the version that the server names now.
  std::unique_ptr<ByteSource> open(const UrlLocation& location, const WeightLoaderConfig& config) {
    std::unique_ptr<RemoteObject> object = open_object(location, config);
    auto file = find_cached(location, *object, config);
    return file ? std::move(file) : std::move(object);
  }

  std::unique_ptr<RemoteObject> open_object(const UrlLocation& location,
                                            const WeightLoaderConfig& config) {
    const std::string key = key_of(location, config);
    if (auto object = recent_.take(key)) return object;
    auto object = ask(location, config);
    recent_.put({key, stamp_of(location, *object, config), nullptr, Clock::now()});
    return object;
  }

  std::string stamp(const UrlLocation& location, const WeightLoaderConfig& config) {
    const std::string key = key_of(location, config);
    std::string stamp = recent_.find_stamp(key);
    if (!stamp.empty()) return stamp;
    auto object = ask(location, config);
    stamp = stamp_of(location, *object, config);
    recent_.put({key, stamp, std::move(object), Clock::now()});
    return stamp;
  }

  int64_t fetch(const UrlLocation& location, const WeightLoaderConfig& config,
                std::stop_token stop, const LoadProgress& progress) {
    const std::string key = key_of(location, config);
    std::unique_ptr<RemoteObject> object = recent_.take(key);
    if (!object) object = ask(location, config, stop);
    if (object->version().validator().empty()) {
      throw Error(ErrorCode::kUnsupported,
                  object->name() + " cannot be cached: the server sends neither ETag nor "
                  "Last-Modified, which would tell when it changes",
                  "load it without caching, or from a file");
    }
    const auto stream = [&](int64_t offset, FunctionRef<void(std::span<const std::byte>)> sink,
                            const std::stop_token& stops) {
      object->stream(offset, object->size() - offset, sink, stops);
    };
    ObjectCache cache(object_cache_folder(config));
    const int64_t fetched =
        cache.fetch(cached_object(location, *object), stream, config, stop, progress);
    std::string stamp = stamp_of(location, *object, config);
    recent_.put({key, std::move(stamp), std::move(object), Clock::now()});
    return fetched;
  }

 private:
  static std::string key_of(const UrlLocation& location, const WeightLoaderConfig& config) {
    return Json({location.url, location.headers, config}).dump();
  }

  static CachedObject cached_object(const UrlLocation& location, const RemoteObject& object) {
    return {.source = "url",
            .identity = Json({location.url, location.headers}).dump(),
            .validator = object.version().validator(),
            .location = object.name(),
            .size_bytes = object.size(),
            .sha256 = ""};
  }

  static std::unique_ptr<ByteSource> find_cached(const UrlLocation& location,
                                                 const RemoteObject& object,
                                                 const WeightLoaderConfig& config) {
    if (!config.enable_caching || object.version().validator().empty()) return nullptr;
    return ObjectCache(object_cache_folder(config)).find(cached_object(location, object));
  }

  // Where the server names no validator, the size alone tells versions apart. A reader of the
  // server is not one of the cache.
  static std::string stamp_of(const UrlLocation& location, const RemoteObject& object,
                              const WeightLoaderConfig& config) {
    const bool is_cached = find_cached(location, object, config) != nullptr;
    return Json({location.url, object.version().validator(), object.size(), is_cached}).dump();
  }

  std::unique_ptr<RemoteObject> ask(const UrlLocation& location, const WeightLoaderConfig& config,
                                    std::stop_token stop = {}) {
    return std::make_unique<RemoteObject>(
        pools_.get(config),
        create_url_target(location.url, config_headers(config, location.headers)),
        remote_options(config), stop);
  }

  TransferPools pools_;
  RecentObjects recent_;
};

UrlLocation parse_url_location(const std::string& url) {
  check_http_url(url);
  return {url, {}};
}

}  // namespace

void register_url(SourceCatalog& catalog) {
  const auto sources = std::make_shared<UrlSources>();
  catalog.add(
      "url",
      {.description = "a file of a web server, over http or https",
       .open = [sources](const WeightSource& source, const WeightLoaderConfig& config) {
         return sources->open(url_location(source), config);
       },
       .stamp = [sources](const WeightSource& source, const WeightLoaderConfig& config) {
         return sources->stamp(url_location(source), config);
       },
       .sibling = [](const WeightSource& source, std::string_view name) {
         UrlLocation location = url_location(source);
         location.url = url_beside(location.url, name);
         return url_source(location);
       },
       .fetch = [sources](const WeightSource& source, const WeightLoaderConfig& config,
                          std::stop_token stop, const LoadProgress& progress) {
         return sources->fetch(url_location(source), config, stop, progress);
       },
       .prefixes = {"https://", "http://"},
       .parse = [](const std::string& url) { return url_source(parse_url_location(url)); },
       .open_model = [sources](const std::string& url, const WeightLoaderConfig& config) {
         return open_url_model(
             parse_url_location(url),
             {.ask = [=](const UrlLocation& file) { sources->stamp(file, config); },
              .open = [=](const UrlLocation& file) { return sources->open(file, config); }});
       }});
}

}  // namespace ferrum
