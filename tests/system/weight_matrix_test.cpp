// Every format from every source: one state dict, written by the formats' own libraries
// (tools/make_matrix_references.py), loads bit-equal wherever it lies.

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "ferrum/weights/model_weights.h"
#include "ferrum/weights/weight_catalogs.h"
#include "support/hex.h"
#include "support/host_tensor_factory.h"
#include "support/ranged_source.h"

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
  virtual WeightSource source(const std::string& file) = 0;
  virtual bool has_siblings() const { return true; }
  // Where the sharded model lies, as users write it; empty where that has no text form.
  virtual std::string sharded_model() { return ""; }
};

class Files : public Place {
 public:
  WeightSource source(const std::string& file) override {
    return WeightSource::file(kFolder + file);
  }
  std::string sharded_model() override { return kFolder + "sharded"; }
};

class Memory : public Place {
 public:
  WeightSource source(const std::string& file) override {
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
  WeightSource source(const std::string& file) override {
    return test::ranged_file(kFolder + file);
  }
};

using PlaceMaker = std::unique_ptr<Place> (*)();
template <class P>
std::unique_ptr<Place> make() {
  return std::make_unique<P>();
}
const std::map<std::string, PlaceMaker> kPlaces{
    {"file", make<Files>}, {"memory", make<Memory>}, {"ranges", make<Ranges>}};

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

  std::unique_ptr<Place> place = kPlaces.at(GetParam())();
  HostTensorFactory factory;
  WeightCatalogs catalogs = create_weight_catalogs();
  std::unique_ptr<WeightLoader> loader = create_weight_loader(catalogs, factory);
};

TEST_P(WeightMatrixTest, EveryFormatIsBitEqual) {
  int files = 0;
  for (const auto& [file, names] : reference()["files"].items()) {
    if (file == "sharded" || (file == "external.onnx" && !place->has_siblings())) continue;
    SCOPED_TRACE(file);
    ++files;
    const WeightSource source = place->source(file);
    const WeightMetadata metadata = loader->get_metadata(source);
    EXPECT_EQ(metadata.tensors.size(), names.size());
    std::vector<TensorSpec> specs;
    for (const std::string name : names) {
      specs.push_back({name, reference()["tensors"][name]["shape"].get<Shape>(),
                       std::nullopt, Device::cpu(), source, {}});
    }
    const std::vector<Tensor> tensors = loader->load_tensors(specs);
    for (size_t i = 0; i < specs.size(); ++i) expect_is_reference(specs[i].name, tensors[i]);
  }
  EXPECT_GE(files, 13);
}

TEST_P(WeightMatrixTest, ShardsAreOneModel) {
  const std::string location = place->sharded_model();
  if (location.empty()) GTEST_SKIP() << "no location that a user would write";
  const auto files = open_model(catalogs, location);
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

INSTANTIATE_TEST_SUITE_P(, WeightMatrixTest, testing::Values("file", "memory", "ranges"),
                         [](const auto& place) { return place.param; });

}  // namespace
}  // namespace ferrum
