#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <set>

#include "ferrum/weights/model_weights.h"
#include "ferrum/weights/weight_catalogs.h"
#include "support/expect_error.h"
#include "support/host_tensor_factory.h"
#include "support/http_server.h"
#include "support/requests_at_once.h"
#include "support/safetensors_bytes.h"
#include "support/temp_folder.h"
#include "weights/sources/url/url_location.h"

namespace ferrum {
namespace {

using test::error_of;
using test::HttpServer;
using test::ServedFile;
using test::ServerReply;
using test::ServerRequest;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;

const std::string kData = FERRUM_SOURCE_DIR "/tests/data/weights";
constexpr int64_t kMiB = int64_t{1} << 20;

WeightSource at(const std::string& url, std::map<std::string, std::string> headers = {}) {
  return url_source({url, std::move(headers)});
}

class UrlSourceTest : public testing::Test {
 protected:
  std::unique_ptr<WeightLoader> create_loader() {
    return create_weight_loader(catalogs, factory, config);
  }
  Tensor load(const WeightSource& source, const std::string& name) {
    return create_loader()->load_tensor(
        {name, std::nullopt, std::nullopt, Device::cpu(), source, {}});
  }

  test::TempFolder folder;
  HostTensorFactory factory;
  WeightCatalogs catalogs = create_weight_catalogs();
  WeightLoaderConfig config{.cache_dir = folder.path() / "cache"};
  const SourcePart& part = catalogs.sources.get("url");
};

std::string bytes_of(const Tensor& tensor) {
  return {static_cast<const char*>(tensor.raw_data()), static_cast<size_t>(tensor.size_bytes())};
}

// f32 "a" of `value`, aligned.
std::string one_tensor(float value) {
  return safetensors_bytes(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}  )",
                           std::string(reinterpret_cast<const char*>(&value), 4));
}

TEST_F(UrlSourceTest, FilesBesideAndInAFolder) {
  EXPECT_EQ(url_beside("https://h/a/b.bin?k=1#f", "c d/e"), "https://h/a/c%20d/e?k=1");
  EXPECT_EQ(url_beside("https://h", "c"), "https://h/c");
  EXPECT_EQ(url_in_folder("https://h/a/b/?k=1", "c"), "https://h/a/b/c?k=1");
  EXPECT_EQ(url_in_folder("https://h", "c"), "https://h/c");
  const WeightSource beside = part.sibling(at("https://h/a/b", {{"X-Key", "k"}}), "c?");
  EXPECT_EQ(beside.location, (Json{{"url", "https://h/a/c%3F"}, {"headers", {{"X-Key", "k"}}}}));
}

TEST_F(UrlSourceTest, LocationsAreChecked) {
  EXPECT_EQ(parse_weight_source(catalogs, "https://h/m.npy").location,
            (Json{{"url", "https://h/m.npy"}}));
  for (const Json& location :
       {Json::object(), Json{{"url", "file:///etc/passwd"}}, Json{{"url", "h/x?s3cret"}},
        Json{{"url", "http://h/"}, {"token", "s3cret"}},
        Json{{"url", "http://h/"}, {"headers", {{"X", "s3cret\r\nY: z"}}}},
        Json{{"url", "http://h/"}, {"headers", {{"X Y", "s3cret"}}}}}) {
    WeightSource source = at("");
    source.location = location;
    const Error error = error_of([&] { part.open(source, config); });
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument) << location;
    EXPECT_THAT(error.what() + error.hint(), Not(HasSubstr("s3cret"))) << location;
  }
}

// Every file that the references of the formats consist of, those that refer to others included.
TEST_F(UrlSourceTest, TensorsAreThoseOfTheFile) {
  namespace fs = std::filesystem;
  HttpServer server(test::serve_folder(kData));
  const auto loader = create_loader();
  std::set<std::string> formats;
  for (const auto& entry : fs::recursive_directory_iterator(kData)) {
    if (entry.path().parent_path().filename() == "blobs") continue;  // links lead there
    const WeightSource file = WeightSource::file(entry.path());
    const WeightSource url = at(server.url("/" + entry.path().lexically_relative(kData).string()));
    WeightMetadata metadata;
    try {
      metadata = loader->get_metadata(file);
    } catch (const Error&) {
      continue;  // a folder, a listing, or a file that is wrong on purpose
    }
    SCOPED_TRACE(entry.path());
    formats.insert(metadata.format);
    ASSERT_EQ(Json(loader->get_metadata(url)), Json(metadata));
    for (const auto& [name, info] : metadata.tensors) {
      const TensorSpec spec{name, std::nullopt, std::nullopt, Device::cpu(), file, {}};
      TensorSpec remote = spec;
      remote.source = url;
      ASSERT_EQ(bytes_of(loader->load_tensor(remote)), bytes_of(loader->load_tensor(spec))) << name;
    }
  }
  EXPECT_THAT(formats, IsSupersetOf({"gguf", "numpy", "onnx", "safetensors"}));
}

TEST_F(UrlSourceTest, PreloadBringsTheFileIntoTheCache) {
  HttpServer server(test::serve_folder(folder.path()));
  folder.write("m.safetensors", one_tensor(1));
  const WeightSource source = at(server.url("/m.safetensors?key=s3cret"));
  const auto loader = create_loader();
  TensorSpec spec{"a", std::nullopt, std::nullopt, Device::cpu(), source, {}};
  EXPECT_EQ(*loader->load_tensor(spec).data<float>(), 1);
  int64_t done = 0;
  loader->preload(source, {}, [&](int64_t bytes, int64_t) { done = bytes; });
  EXPECT_EQ(done, static_cast<int64_t>(one_tensor(1).size()));
  EXPECT_NE(part.open(source, config)->storage(), nullptr) << "a mapped file";
  EXPECT_EQ(*loader->load_tensor(spec).data<float>(), 1);

  // Another version is not the one in the cache.
  folder.write("m.safetensors", one_tensor(2));
  EXPECT_EQ(*load(source, "a").data<float>(), 2);
  const auto fresh_catalogs = create_weight_catalogs();
  const auto fresh = create_weight_loader(fresh_catalogs, factory, config);
  EXPECT_EQ(*fresh->load_tensor(spec).data<float>(), 2);
}

TEST_F(UrlSourceTest, PreloadBringsAllParts) {
  HttpServer server(test::serve_folder(kData + "/gguf"));
  int64_t size = 0, done = 0;
  const auto part_of = [](int number) {
    return "/split-0000" + std::to_string(number) + "-of-00003.gguf";
  };
  for (int i : {1, 2, 3}) {
    size += static_cast<int64_t>(std::filesystem::file_size(kData + "/gguf" + part_of(i)));
  }
  int64_t last_total = 0;
  create_loader()->preload(at(server.url(part_of(1))), {}, [&](int64_t bytes, int64_t total) {
    EXPECT_GE(bytes, done);
    EXPECT_GE(total, last_total);
    done = bytes;
    last_total = total;
  });
  EXPECT_EQ(done, size);
  EXPECT_EQ(last_total, size);
  for (int i : {1, 2, 3}) {
    EXPECT_NE(part.open(at(server.url(part_of(i))), config)->storage(), nullptr) << "part " << i;
  }
}

TEST_F(UrlSourceTest, WhatCannotBeCachedIsSaid) {
  ServedFile file = ServedFile::of(one_tensor(1));
  file.etag = "";
  HttpServer server([&](const ServerRequest& request) { return serve_file(request, file); });
  const WeightSource source = at(server.url("/m"));
  Error error = error_of([&] { create_loader()->preload(source, {}, {}); });
  EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
  EXPECT_THAT(error.message(), HasSubstr("neither ETag nor Last-Modified"));
  config.enable_caching = false;
  error = error_of([&] { create_loader()->preload(source, {}, {}); });
  EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
  EXPECT_THAT(error.message(), HasSubstr("caching is off"));
  EXPECT_EQ(*load(source, "a").data<float>(), 1);
}

TEST_F(UrlSourceTest, HeadersOfSourceAndConfigGoToTheOriginAlone) {
  HttpServer other(test::serve_folder(kData));
  HttpServer server([&](const ServerRequest& request) {
    ServerReply reply;
    reply.status = 302;
    reply.headers = {{"Location", other.url(request.path())}};
    return reply;
  });
  config.default_headers = {{"X-Api-Key", "default"}, {"X-Team", "t"}};
  const auto bytes =
      part.open(at(server.url("/casts.safetensors"), {{"x-api-key", "own"}}), config);
  const ServerRequest asked = server.requests().at(0), redirected = other.requests().at(0);
  EXPECT_EQ(*asked.header("X-Api-Key"), "own");
  EXPECT_EQ(*asked.header("X-Team"), "t");
  EXPECT_EQ(redirected.header("X-Api-Key"), nullptr);
  EXPECT_EQ(redirected.header("X-Team"), nullptr);
}

TEST_F(UrlSourceTest, TheConfigSaysHowManyConnectionsThereAre) {
  const ServedFile file = ServedFile::of_size(12 * kMiB);
  for (const int connections : {1, 3}) {
    test::RequestsAtOnce requests;
    HttpServer server(requests.counted(
        [&](const ServerRequest& request) { return serve_file(request, file); }));
    config.max_concurrent_downloads = connections;
    part.fetch(at(server.url("/x")), config, {}, {});
    EXPECT_EQ(requests.most(), connections);
  }
}

TEST_F(UrlSourceTest, TheConfigSaysWhenASilentServerIsLeft) {
  using std::chrono::steady_clock, std::chrono::seconds;
  HttpServer server([](const ServerRequest& request) {
    ServerReply reply = serve_file(request, ServedFile::of("bytes"));
    if (request.number == 0) reply.delay = seconds(60);
    return reply;
  });
  config.download_timeout_seconds = 1;
  const auto start = steady_clock::now();
  EXPECT_EQ(part.open(at(server.url("/x")), config)->size(), 5);
  EXPECT_GE(steady_clock::now() - start, seconds(1));
  EXPECT_LT(steady_clock::now() - start, seconds(20));
}

TEST_F(UrlSourceTest, AModelIsAFolder) {
  HttpServer server(test::serve_folder(kData + "/sharded"));
  const auto files = open_model(catalogs, server.url("/?key=s3cret"), config);
  EXPECT_THAT(files->location(), AllOf(HasSubstr("127.0.0.1"), Not(HasSubstr("s3cret"))));
  EXPECT_FALSE(files->contains("model.safetensors"));
  EXPECT_FALSE(files->contains("../x"));
  EXPECT_TRUE(files->contains("model.safetensors.index.json"));
  EXPECT_THAT(files->names(), ElementsAre("model.safetensors.index.json"));
  const auto loader = create_loader();
  const auto local = open_model_directory(kData + "/sharded");
  EXPECT_EQ(ModelWeights(*files, *loader).total_size_bytes(),
            ModelWeights(*local, *loader).total_size_bytes());
  for (const ServerRequest& request : server.requests()) EXPECT_EQ(request.query(), "key=s3cret");

  EXPECT_EQ(files->read_text("model.safetensors.index.json", kMiB),
            local->read_text("model.safetensors.index.json", kMiB));
  EXPECT_EQ(error_of([&] { files->read_text("model.safetensors.index.json", 10); }).code(),
            ErrorCode::kInvalidFormat);
  EXPECT_EQ(error_of([&] { files->read_text("config.json", kMiB); }).code(), ErrorCode::kNotFound);
  EXPECT_EQ(error_of([&] { files->weight_source("x.bin"); }).code(), ErrorCode::kNotFound);
}

// What a run of a model asks: for a file that is read once, once; for weights also when they are
// fetched.
TEST_F(UrlSourceTest, WhatWasAskedAMomentAgoServesWhatFollows) {
  HttpServer server(test::serve_folder(folder.path()));
  folder.write("model.safetensors", one_tensor(1));
  folder.write("config.json", "{}");
  const auto files = open_model(catalogs, server.url(""), config);
  EXPECT_TRUE(files->contains("config.json"));
  EXPECT_EQ(files->read_text("config.json", kMiB), "{}");
  EXPECT_EQ(server.requests().size(), 1u);

  server.forget_requests();
  const auto loader = create_loader();
  const ModelWeights weights(*files, *loader);
  EXPECT_EQ(server.requests().size(), 1u);
  const WeightSource source = files->weight_source("model.safetensors");
  loader->preload(source, {}, {});
  EXPECT_EQ(server.requests().size(), 2u);
  const auto tensors = weights.load(std::vector<ModelWeights::Request>{{"a", Shape{1}, {}}},
                                    Device::cpu());
  EXPECT_FALSE(tensors[0].storage()->writable()) << "a view of the file in the cache";
  EXPECT_EQ(server.requests().size(), 2u);
}

TEST_F(UrlSourceTest, PagesInPlaceOfFilesAreNamed) {
  HttpServer server([](const ServerRequest&) {
    ServerReply reply;
    reply.body = "<!DOCTYPE html><title>Log in</title>";
    return reply;
  });
  EXPECT_THAT(error_of([&] { load(at(server.url("/m.safetensors")), "a"); }).message(),
              HasSubstr("an HTML page"));
  const auto files = open_model(catalogs, server.url(""), config);
  EXPECT_THAT(error_of([&] { files->read_text("config.json", kMiB); }).message(),
              HasSubstr("an HTML page"));
}

TEST_F(UrlSourceTest, AvailabilityIsAskedOfTheServer) {
  HttpServer server(test::serve_folder(kData));
  const auto loader = create_loader();
  EXPECT_TRUE(loader->is_available(at(server.url("/casts.safetensors"))));
  EXPECT_FALSE(loader->is_available(at(server.url("/missing"))));
}

TEST_F(UrlSourceTest, SecretsAreInNoError) {
  for (const int status : {401, 403, 404, 410, 418, 501, 302}) {
    HttpServer server([&](const ServerRequest&) {
      ServerReply reply;
      reply.status = status;
      reply.headers = {{"Location", "gopher://s3cret/"}};
      reply.body = "s3cret";
      return reply;
    });
    const std::string port = std::to_string(server.port());
    const WeightSource source = at("http://s3cret:s3cret@127.0.0.1:" + port + "/m.bin?sig=s3cret",
                                   {{"Authorization", "Bearer s3cret"}});
    const auto loader = create_loader();
    for (const std::function<void()>& action : std::vector<std::function<void()>>{
             [&] { loader->get_metadata(source); },
             [&] { loader->preload(source, {}, {}); },
             [&] { load(source, "a"); },
             [&] {
               const auto url = source.location["url"].get<std::string>();
               open_model(catalogs, url, config)->read_text("config.json", kMiB);
             }}) {
      const Error error = error_of(action);
      EXPECT_THAT(error.what() + error.hint(), AllOf(HasSubstr("127.0.0.1"),
                                                     Not(HasSubstr("s3cret"))));
    }
    EXPECT_THAT(source.to_string(), Not(HasSubstr("s3cret")));
    EXPECT_THAT(at("http://s3cret@h").to_string(), Not(HasSubstr("s3cret")));
  }
}

}  // namespace
}  // namespace ferrum
