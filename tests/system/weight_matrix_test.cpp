// Every format from every source: one state dict, written by the formats' own libraries
// (tools/make_matrix_references.py), loads bit-equal wherever it lies.

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "ferrum/weights/model_weights.h"
#include "ferrum/weights/weight_catalogs.h"
#include "support/hex.h"
#include "support/host_tensor_factory.h"
#include "support/http_server.h"
#include "support/hub_server.h"
#include "support/ranged_source.h"
#include "support/s3_server.h"
#include "support/scoped_variable.h"
#include "support/temp_folder.h"

namespace ferrum {
namespace {

const std::string kFolder = FERRUM_SOURCE_DIR "/tests/data/weights/matrix/";

const Json& reference() {
  static const Json document = Json::parse(test::read_file(kFolder + "state.json"));
  return document;
}

// Where the files lie, and how a source names one.
class Place {
 public:
  virtual ~Place() = default;
  virtual void prepare(WeightCatalogs&) {}
  virtual WeightSource source(const WeightCatalogs& catalogs, const std::string& file) = 0;
  virtual bool has_siblings() const { return true; }
  // Where the sharded model lies, as users write it; empty where that has no text form.
  virtual std::string sharded_model() { return ""; }
  virtual bool is_remote() const { return false; }
};

class Files : public Place {
 public:
  WeightSource source(const WeightCatalogs&, const std::string& file) override {
    return WeightSource::file(kFolder + file);
  }
  std::string sharded_model() override { return kFolder + "sharded"; }
};

class Memory : public Place {
 public:
  WeightSource source(const WeightCatalogs&, const std::string& file) override {
    const std::string& bytes = bytes_[file] = test::read_file(kFolder + file);
    return WeightSource::memory(borrow_bytes(bytes), file);
  }
  bool has_siblings() const override { return false; }

 private:
  std::map<std::string, std::string> bytes_;
};

class Ranges : public Place {
 public:
  void prepare(WeightCatalogs& catalogs) override { test::add_ranged_files(catalogs.sources); }
  WeightSource source(const WeightCatalogs&, const std::string& file) override {
    return test::ranged_file(kFolder + file);
  }
};

// Files are named as users name them.
class Remote : public Place {
 public:
  WeightSource source(const WeightCatalogs& catalogs, const std::string& file) override {
    return parse_weight_source(catalogs, location(file));
  }
  std::string sharded_model() override { return location("sharded"); }
  bool is_remote() const override { return true; }

 protected:
  virtual std::string location(const std::string& file) = 0;

  // Each file by its name, those of the sharded model too.
  static std::map<std::string, std::string> all_files() {
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(kFolder)) {
      if (!entry.is_regular_file()) continue;
      files[entry.path().lexically_relative(kFolder)] = test::read_file(entry.path());
    }
    return files;
  }
};

class Url : public Remote {
  std::string location(const std::string& file) override { return server_.url("/" + file); }
  test::HttpServer server_{test::serve_folder(kFolder)};
};

class Hub : public Remote {
 public:
  Hub() {
    std::map<std::string, test::HubServer::File> single, sharded;
    for (const auto& [name, bytes] : all_files()) {
      const bool is_large = single.size() % 2 == 0;
      if (name.starts_with("sharded/")) sharded[name.substr(8)] = {bytes, !is_large};
      else single[name] = {bytes, is_large};
    }
    server_.add("org/state", std::string(40, 'a'), single);
    server_.add("org/sharded", std::string(40, 'b'), sharded);
  }

 private:
  std::string location(const std::string& file) override {
    return file == "sharded" ? "hf:org/sharded" : "hf:org/state/" + file;
  }
  test::HubServer server_;
  test::TempFolder home_;
  test::ScopedVariable endpoint_{"HF_ENDPOINT", server_.endpoint()};
  test::ScopedVariable hf_home_{"HF_HOME", home_.path()};
};

class S3 : public Remote {
 public:
  S3() {
    for (const auto& [name, bytes] : all_files()) server_.put("bucket", "some/" + name, bytes);
  }

 private:
  std::string location(const std::string& file) override { return "s3://bucket/some/" + file; }
  test::S3Server server_;
  test::ScopedVariable id_{"AWS_ACCESS_KEY_ID", test::S3Server::Keys().id};
  test::ScopedVariable secret_{"AWS_SECRET_ACCESS_KEY", test::S3Server::Keys().secret};
  test::ScopedVariable endpoint_{"AWS_ENDPOINT_URL_S3", server_.endpoint()};
};

using PlaceMaker = std::unique_ptr<Place> (*)();
template <class P>
std::unique_ptr<Place> make() {
  return std::make_unique<P>();
}
const std::map<std::string, PlaceMaker> kPlaces{
    {"file", make<Files>}, {"memory", make<Memory>}, {"ranges", make<Ranges>},
    {"url", make<Url>},    {"hub", make<Hub>},       {"s3", make<S3>}};

class WeightMatrixTest : public testing::TestWithParam<std::string> {
 protected:
  WeightMatrixTest() { place->prepare(catalogs); }

  void expect_is_reference(const std::string& name, const Tensor& tensor) {
    const Json& expected = reference()["tensors"][name];
    EXPECT_EQ(Json(tensor.dtype()), expected["dtype"]) << name;
    EXPECT_EQ(Json(tensor.shape()), expected["shape"]) << name;
    ASSERT_TRUE(tensor.is_contiguous());
    EXPECT_EQ(to_hex({static_cast<const char*>(tensor.raw_data()),
                      static_cast<size_t>(tensor.size_bytes())}),
              expected["hex"])
        << name;
  }

  void expect_is_reference(const WeightSource& source, const Json& names) {
    EXPECT_EQ(loader->get_metadata(source).tensors.size(), names.size());
    std::vector<TensorSpec> specs;
    for (const std::string name : names) {
      specs.push_back({name, reference()["tensors"][name]["shape"].get<Shape>(), std::nullopt,
                       Device::cpu(), source, {}});
    }
    const std::vector<Tensor> tensors = loader->load_tensors(specs);
    for (size_t i = 0; i < specs.size(); ++i) expect_is_reference(specs[i].name, tensors[i]);
  }

  test::TempFolder cache;
  std::unique_ptr<Place> place = kPlaces.at(GetParam())();
  HostTensorFactory factory;
  WeightCatalogs catalogs = create_weight_catalogs();
  std::unique_ptr<WeightLoader> loader =
      create_weight_loader(catalogs, factory, {.cache_dir = cache.path()});
};

TEST_P(WeightMatrixTest, EveryFormatIsBitEqual) {
  int files = 0;
  for (const auto& [file, names] : reference()["files"].items()) {
    if (file == "sharded" || (file == "external.onnx" && !place->has_siblings())) continue;
    SCOPED_TRACE(file);
    ++files;
    const WeightSource source = place->source(catalogs, file);
    expect_is_reference(source, names);
    if (!place->is_remote()) continue;
    loader->preload(source);  // from the cache it is the same
    expect_is_reference(source, names);
  }
  EXPECT_EQ(files, place->has_siblings() ? 13 : 12);
}

TEST_P(WeightMatrixTest, ShardsAreOneModel) {
  const std::string location = place->sharded_model();
  if (location.empty()) return;  // no user names a model there
  const auto files = open_model(catalogs, location, {.cache_dir = cache.path()});
  const ModelWeights weights(*files, *loader);
  EXPECT_EQ(weights.tensors().size(), reference()["tensors"].size());
  std::vector<ModelWeights::Request> requests;
  for (const auto& [name, entry] : weights.tensors()) {
    requests.push_back({name, entry.info.shape, {}});
  }
  const std::vector<Tensor> tensors = weights.load(requests, Device::cpu());
  for (size_t i = 0; i < requests.size(); ++i) {
    expect_is_reference(requests[i].name, tensors[i]);
  }
}

INSTANTIATE_TEST_SUITE_P(, WeightMatrixTest,
                         testing::Values("file", "memory", "ranges", "url", "hub", "s3"),
                         [](const auto& place) { return place.param; });

}  // namespace
}  // namespace ferrum
