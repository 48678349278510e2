#pragma once
// A Hub, an empty cache and an environment that points to both.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "ferrum/weights/weight_catalogs.h"
#include "support/expect_error.h"
#include "support/hub_server.h"
#include "support/scoped_variable.h"
#include "support/scripted_source.h"
#include "support/temp_folder.h"

namespace ferrum {

inline const std::string kCommit = "0123456789abcdef0123456789abcdef01234567";

class HubFixture : public testing::Test {
 protected:
  using File = test::HubServer::File;

  HubFixture() {
    config.cache_dir = folder.path() / "cache";
    hub.add("org/name", kCommit,
            {{"config.json", {"{\"a\": 1}"}},
             {"sub/inner.json", {"[]"}},
             {"model.safetensors", {weights, true}}});
  }

  // The kind's functions, with a client of its own: as another process would have.
  static SourcePart part() {
    SourceCatalog catalog("weight source");
    register_sources(catalog);
    return catalog.get("huggingface");
  }
  static WeightSource source(const std::string& file, const std::string& revision = "main") {
    WeightSource result;
    result.kind = "huggingface";
    result.location = {{"repo_id", "org/name"}, {"filename", file}, {"revision", revision}};
    return result;
  }
  static std::string text_of(const ByteSource& bytes) {
    std::string text(static_cast<size_t>(bytes.size()), '\0');
    bytes.read(0, std::as_writable_bytes(std::span(text)));
    return text;
  }
  std::string open(const std::string& file, const std::string& revision = "main") {
    return text_of(*part().open(source(file, revision), config));
  }
  void fetch(const std::string& file, const std::string& revision = "main") {
    part().fetch(source(file, revision), config, {}, {});
  }
  std::filesystem::path repository() const { return folder.path() / "cache/hub/models--org--name"; }
  std::filesystem::path blob(const File& file) const {
    return repository() / "blobs" / file.hash();
  }
  size_t requests() { return hub.hub().requests().size() + hub.content().requests().size(); }

  const test::TempFolder folder;
  const std::string weights = test::pattern_bytes(3'000'000);
  test::HubServer hub;
  WeightLoaderConfig config;
  test::ScopedVariable endpoint{"HF_ENDPOINT", hub.endpoint()};
  test::ScopedVariable token{"HF_TOKEN", ""}, old_token{"HUGGING_FACE_HUB_TOKEN", ""};
  test::ScopedVariable token_path{"HF_TOKEN_PATH", folder.path() / "no token"};
  test::ScopedVariable implicit{"HF_HUB_DISABLE_IMPLICIT_TOKEN", ""};
  test::ScopedVariable offline{"HF_HUB_OFFLINE", ""}, old_offline{"TRANSFORMERS_OFFLINE", ""};
};

}  // namespace ferrum
