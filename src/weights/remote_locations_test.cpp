// What a location elsewhere is taken for, and how often its server is asked for that.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "ferrum/weights/weight_location.h"
#include "support/expect_error.h"
#include "support/host_tensor_factory.h"
#include "support/hub_server.h"
#include "support/ranged_source.h"
#include "support/s3_server.h"
#include "support/safetensors_bytes.h"
#include "support/scoped_variable.h"
#include "support/temp_folder.h"

namespace ferrum {
namespace {

using test::ScopedVariable;
using testing::HasSubstr;

const std::string kData = FERRUM_SOURCE_DIR "/tests/data/weights/";

// The same files on three servers: weights and a model, each with and without the ending of its
// format, and a folder.
class RemoteLocationsTest : public testing::Test {
 protected:
  RemoteLocationsTest() {
    const std::string weights = test::read_file(kData + "casts.safetensors");
    const std::string model = test::read_file(kData + "gguf/small_llama.gguf");
    const std::map<std::string, std::string> files{{"x.safetensors", weights},
                                                   {"weights", weights},
                                                   {"x.gguf", model},
                                                   {"llama", model},
                                                   {"folder/config.json", "{}"},
                                                   {"lone/llama", model}};
    std::filesystem::create_directory(folder.path() / "lone");
    std::filesystem::create_directory(folder.path() / "folder");
    std::map<std::string, test::HubServer::File> hub_files;
    for (const auto& [name, bytes] : files) {
      folder.write(name, bytes);
      hub_files[name] = {bytes, false};
      s3.put("bucket", name, bytes);
    }
    hub.add("org/name", std::string(40, 'a'), std::move(hub_files), {"main", "with/slash"});
  }

  std::vector<std::string> places(const std::string& name) const {
    return {http.url("/" + name), "hf:org/name/" + name, "s3://bucket/" + name};
  }
  size_t requests_of(const std::function<void()>& action) {
    const auto all = [&] {
      return http.requests().size() + hub.hub().requests().size() +
             hub.content().requests().size() + s3.http().requests().size();
    };
    const size_t before = all();
    action();
    return all() - before;
  }
  std::optional<WeightSource> find(const std::string& location) const {
    return find_weight_file(catalogs, location, config);
  }
  size_t requests_of_find(const std::string& location, bool is_file) {
    return requests_of([&] { EXPECT_EQ(find(location).has_value(), is_file) << location; });
  }

  test::TempFolder folder, cache;
  test::HttpServer http{test::serve_folder(folder.path())};
  test::HubServer hub;
  test::S3Server s3;
  ScopedVariable hub_endpoint{"HF_ENDPOINT", hub.endpoint()}, token{"HF_TOKEN", ""};
  ScopedVariable home{"HF_HOME", cache.path() / "home"}, offline{"HF_HUB_OFFLINE", ""};
  ScopedVariable id{"AWS_ACCESS_KEY_ID", test::S3Server::Keys().id};
  ScopedVariable secret{"AWS_SECRET_ACCESS_KEY", test::S3Server::Keys().secret};
  ScopedVariable s3_endpoint{"AWS_ENDPOINT_URL_S3", s3.endpoint()};
  WeightCatalogs catalogs = create_weight_catalogs();
  WeightLoaderConfig config{.cache_dir = cache.path() / "cache"};
};

TEST_F(RemoteLocationsTest, WhatANameSaysIsNotAsked) {
  for (const std::string& place : places("x.safetensors")) {
    EXPECT_EQ(requests_of_find(place, true), 0u);
  }
  EXPECT_EQ(requests_of_find("hf:org/name", false), 0u);
  EXPECT_EQ(requests_of_find("hf:org/name@main", false), 0u);
  EXPECT_EQ(requests_of_find("s3://bucket", false), 0u);
  EXPECT_EQ(requests_of_find("s3://bucket/folder/", false), 0u);
}

TEST_F(RemoteLocationsTest, WhereANameSaysNothingTheContentDecides) {
  HostTensorFactory factory;
  const auto loader = create_weight_loader(catalogs, factory, config);
  for (const std::string& place : places("weights")) {
    EXPECT_LE(requests_of_find(place, true), 2u);  // state and first bytes
    EXPECT_EQ(loader->get_metadata(find(place).value()).format, "safetensors") << place;
  }
  EXPECT_EQ(requests_of_find(http.url("/nothing"), false), 1u);
  EXPECT_EQ(requests_of_find(http.url("/folder/"), false), 0u);
  EXPECT_EQ(requests_of_find(http.url(""), false), 0u);
  EXPECT_EQ(requests_of_find("s3://bucket/folder", false), 1u);
  EXPECT_EQ(requests_of_find("hf:org/name@with/slash", false), 1u);
  EXPECT_EQ(open_model_folder(catalogs, "s3://bucket/folder", config)->names().size(), 1u);
}

TEST_F(RemoteLocationsTest, AFileThatBeginsAsATextIsAFile) {
  HostTensorFactory factory;
  const auto loader = create_weight_loader(catalogs, factory, config);
  for (const size_t size : {0x3c20, 0x7b20, 0x5b20}) {  // " <", " {", " [" in little-endian
    std::string header = R"({"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})";
    header.resize(size, ' ');
    folder.write("text", safetensors_bytes(header, "x"));
    const auto source = find(http.url("/text"));
    ASSERT_TRUE(source.has_value()) << size;
    EXPECT_EQ(loader->get_metadata(*source).tensors.size(), 1u);
  }
}

TEST_F(RemoteLocationsTest, AModelIsKnownByItsContent) {
  for (const char* name : {"x.gguf", "llama"}) {
    for (const std::string& place : places(name)) {
      EXPECT_TRUE(open_model(catalogs, place, config)->contains("tokenizer.json")) << place;
    }
  }
  EXPECT_TRUE(open_model(catalogs, folder.path() / "lone", config)->contains("tokenizer.json"));
  EXPECT_TRUE(open_model(catalogs, "s3://bucket/lone/", config)->contains("tokenizer.json"));
}

TEST_F(RemoteLocationsTest, RefusalsSayWhatWasFound) {
  for (const std::string& place : places("weights")) {
    test::expect_error(ErrorCode::kInvalidArgument, HasSubstr("is a file, and no whole model"),
                       [&] { open_model(catalogs, place, config); });
  }
  test::expect_error(ErrorCode::kNotFound, HasSubstr("typo"),
                     [&] { open_model(catalogs, "hf:org/name/typo", config); });
  test::expect_error(ErrorCode::kNotFound, HasSubstr("typo"),
                     [&] { open_model(catalogs, "s3://bucket/typo", config); });
}

TEST_F(RemoteLocationsTest, APageAboutAFolderIsNoFile) {
  for (const char* page : {"<!DOCTYPE html><html>", "\n<pre>", "[{\"name\": \"x\"}]", ""}) {
    const test::HttpServer server([&](const test::ServerRequest& request) {
      return test::serve_file(request, test::ServedFile::of(page));
    });
    EXPECT_FALSE(find(server.url("/folder")).has_value()) << page;
  }
}

}  // namespace
}  // namespace ferrum
