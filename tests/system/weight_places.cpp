#include "weight_places.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>

#include "support/http_server.h"
#include "support/hub_server.h"
#include "support/ranged_source.h"
#include "support/s3_server.h"
#include "support/scoped_variable.h"

namespace ferrum::test {
namespace {

namespace fs = std::filesystem;

// Each file by its path in the folder, those of models too.
const std::map<std::string, std::string>& all_files() {
  static const auto known = [] {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(kMatrixFolder)) {
      if (!entry.is_regular_file()) continue;
      files[entry.path().lexically_relative(kMatrixFolder)] = read_file(entry.path());
    }
    return files;
  }();
  return known;
}

class Files : public WeightPlace {
 public:
  WeightSource source(const WeightCatalogs&, const std::string& file) override {
    return WeightSource::file(kMatrixFolder + file);
  }
  std::string model(const std::string& folder) override { return kMatrixFolder + folder; }
};

class Memory : public WeightPlace {
 public:
  WeightSource source(const WeightCatalogs&, const std::string& file) override {
    return WeightSource::memory(borrow_bytes(all_files().at(file)), file);
  }
};

class Ranges : public WeightPlace {
 public:
  void prepare(WeightCatalogs& catalogs) override { add_ranged_files(catalogs.sources); }
  WeightSource source(const WeightCatalogs&, const std::string& file) override {
    return ranged_file(kMatrixFolder + file);
  }
};

// Files are named as users name them.
class Named : public WeightPlace {
 public:
  WeightSource source(const WeightCatalogs& catalogs, const std::string& file) override {
    return parse_weight_source(catalogs, location(file));
  }

 private:
  virtual std::string location(const std::string& file) = 0;
};

template <class Asks>
int count_requests(const HttpServer& server, Asks&& asks) {
  const auto requests = server.requests();
  return static_cast<int>(std::count_if(requests.begin(), requests.end(), asks));
}
bool is_get(const ServerRequest& request) { return request.method == "GET"; }

class Url : public Named {
 public:
  std::string model(const std::string& folder) override { return server_.url("/" + folder); }
  void hide_content() override {
    is_hidden_ = true;
    server_.forget_requests();
  }
  // The first bytes are how a server is asked for the version and whether it sends ranges.
  int content_requests() override {
    return count_requests(server_, [](const ServerRequest& request) {
      const std::string* range = request.header("range");
      return is_get(request) && !(range && range->starts_with("bytes=0-"));
    });
  }

 private:
  std::string location(const std::string& file) override { return server_.url("/" + file); }
  ServerReply answer(const ServerRequest& request) {
    ServerReply reply = folder_(request);
    if (is_hidden_ && reply.generated) {
      reply.generated->fill = [](int64_t, std::span<char> bytes) {
        std::fill(bytes.begin(), bytes.end(), '?');
      };
    }
    return reply;
  }

  std::atomic<bool> is_hidden_{false};
  const ServerHandler folder_ = serve_folder(kMatrixFolder);
  HttpServer server_{[this](const ServerRequest& request) { return answer(request); }};
};

// The files lie in one model, each folder of them in one of its own.
std::string hub_location(const std::string& file) { return "hf:org/state/" + file; }
std::string hub_model(const std::string& folder) { return "hf:org/" + folder; }

class Hub : public Named {
 public:
  Hub() {
    std::map<std::string, std::map<std::string, HubServer::File>> repos;
    for (const auto& [name, bytes] : all_files()) {
      const size_t slash = name.find('/');
      const bool is_model = name.starts_with("sharded");
      auto& files = repos[is_model ? name.substr(0, slash) : "state"];
      const bool is_large = files.size() % 2 == 0;
      files[is_model ? name.substr(slash + 1) : name] = {bytes, is_large};
    }
    char commit = 'a';
    for (auto& [repo, files] : repos) {
      server_.add("org/" + repo, std::string(40, commit++), std::move(files));
    }
  }
  std::string model(const std::string& folder) override { return hub_model(folder); }
  void hide_content() override {
    ServerReply gone;
    gone.status = 404;
    server_.set_fault([gone](const ServerRequest& request, bool is_content) {
      return is_content || is_get(request) ? std::optional(gone) : std::nullopt;
    });
    server_.hub().forget_requests();
    server_.content().forget_requests();
  }
  int content_requests() override {
    return count_requests(server_.hub(), is_get) +
           count_requests(server_.content(), [](const ServerRequest&) { return true; });
  }

 private:
  std::string location(const std::string& file) override { return hub_location(file); }
  HubServer server_;
  ScopedVariable endpoint_{"HF_ENDPOINT", server_.endpoint()};
};

// What huggingface_hub downloaded (tools/make_matrix_references.py), with no Hub to ask.
class HubCacheOfOthers : public Named {
 public:
  HubCacheOfOthers() {
    static const TempFolder copy;  // reading marks files as used
    const fs::path folder = copy.path() / "hub";
    if (!fs::exists(folder)) {
      fs::copy(FERRUM_SOURCE_DIR "/tests/data/weights/matrix_hub", folder,
               fs::copy_options::recursive | fs::copy_options::copy_symlinks);
    }
    fs::create_directory_symlink(folder, cache_.path() / "hub");
  }
  std::string model(const std::string& folder) override { return hub_model(folder); }

 private:
  std::string location(const std::string& file) override { return hub_location(file); }
  ScopedVariable offline_{"HF_HUB_OFFLINE", "1"};
};

class S3 : public Named {
 public:
  S3() {
    for (const auto& [name, bytes] : all_files()) server_.put("bucket", "some/" + name, bytes);
  }
  std::string model(const std::string& folder) override { return location(folder); }
  void hide_content() override {
    server_.set_fault([](const ServerRequest& request) {
      return is_get(request) ? std::optional(s3_refusal(404, "NoSuchKey")) : std::nullopt;
    });
    server_.http().forget_requests();
  }
  int content_requests() override { return count_requests(server_.http(), is_get); }

 private:
  std::string location(const std::string& file) override { return "s3://bucket/some/" + file; }
  S3Server server_;
  ScopedVariable id_{"AWS_ACCESS_KEY_ID", S3Server::Keys().id};
  ScopedVariable secret_{"AWS_SECRET_ACCESS_KEY", S3Server::Keys().secret};
  ScopedVariable endpoint_{"AWS_ENDPOINT_URL_S3", server_.endpoint()};
};

template <class Place>
std::unique_ptr<WeightPlace> make() {
  return std::make_unique<Place>();
}

constexpr WeightPlaceKind kPlaces[] = {
    {.name = "file", .make = make<Files>, .names_models = true},
    {.name = "memory", .make = make<Memory>, .has_siblings = false},
    {.name = "ranges", .make = make<Ranges>},
    {.name = "url", .make = make<Url>, .names_models = true, .is_remote = true},
    {.name = "hub", .make = make<Hub>, .names_models = true, .is_remote = true},
    {.name = "hub_cache", .make = make<HubCacheOfOthers>, .names_models = true},
    {.name = "s3", .make = make<S3>, .names_models = true, .is_remote = true},
};

}  // namespace

std::span<const WeightPlaceKind> weight_places() { return kPlaces; }

}  // namespace ferrum::test
