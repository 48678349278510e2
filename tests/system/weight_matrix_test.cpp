// Every format from every source: one state dict, written by the formats' own libraries
// (tools/make_matrix_references.py), loads bit-equal wherever it lies.

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "ferrum/weights/model_weights.h"
#include "ferrum/weights/weight_catalogs.h"
#include "support/hex.h"
#include "support/host_tensor_factory.h"
#include "support/ranged_source.h"
#include "weight_places.h"

namespace ferrum {
namespace {

// {"tensors": {name: {dtype, shape, hex}}, "files": {path: {"tensors": [...], "beside": [...]}},
//  "models": {folder: [name, ...]}}
const Json& reference() {
  static const Json document = Json::parse(test::read_file(test::kMatrixFolder + "state.json"));
  return document;
}

// A file or a model, and where it lies.
struct Cell {
  test::WeightPlaceKind place;
  std::string what;
};
void PrintTo(const Cell& cell, std::ostream* out) {
  *out << cell.what << " in " << cell.place.name;
}

std::string name_of(const testing::TestParamInfo<Cell>& info) {
  std::string name = std::string(info.param.place.name) + "_" + info.param.what;
  std::replace_if(name.begin(), name.end(), [](unsigned char c) { return !std::isalnum(c); }, '_');
  return name;
}

template <class Holds>
std::vector<Cell> cells_of(const char* kind, Holds&& holds) {
  std::vector<Cell> cells;
  for (const test::WeightPlaceKind& place : test::weight_places()) {
    for (const auto& [what, entry] : reference()[kind].items()) {
      if (holds(place, entry)) cells.push_back({place, what});
    }
  }
  return cells;
}

std::vector<Cell> files_everywhere() {
  return cells_of("files", [](const test::WeightPlaceKind& place, const Json& file) {
    return place.has_siblings || file["beside"].empty();
  });
}
std::vector<Cell> remote_files() {
  return cells_of("files", [](const test::WeightPlaceKind& place, const Json&) {
    return place.is_remote;
  });
}
std::vector<Cell> models() {
  return cells_of("models", [](const test::WeightPlaceKind& place, const Json&) {
    return place.names_models;
  });
}

// What a process has: two of them share nothing but the place and the cache.
struct Process {
  explicit Process(test::WeightPlace& place) : config{.cache_dir = place.cache_dir()} {
    place.prepare(catalogs);
    loader = create_weight_loader(catalogs, factory, config);
  }
  WeightLoaderConfig config;
  HostTensorFactory factory;
  WeightCatalogs catalogs = create_weight_catalogs();
  std::unique_ptr<WeightLoader> loader;
};

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

class WeightMatrixTest : public testing::TestWithParam<Cell> {
 protected:
  WeightSource source(const Process& process) {
    return place->source(process.catalogs, GetParam().what);
  }

  void expect_file_is_reference(Process& process) {
    const Json& names = reference()["files"][GetParam().what]["tensors"];
    EXPECT_EQ(process.loader->get_metadata(source(process)).tensors.size(), names.size());
    std::vector<TensorSpec> specs;
    for (const std::string name : names) {
      specs.push_back({name, reference()["tensors"][name]["shape"].get<Shape>(), std::nullopt,
                       Device::cpu(), source(process), {}});
    }
    const std::vector<Tensor> tensors = process.loader->load_tensors(specs);
    ASSERT_EQ(tensors.size(), specs.size());
    for (size_t i = 0; i < specs.size(); ++i) expect_is_reference(specs[i].name, tensors[i]);
  }

  std::unique_ptr<test::WeightPlace> place = GetParam().place.make();
};

TEST_P(WeightMatrixTest, IsBitEqual) {
  Process process(*place);
  expect_file_is_reference(process);
}
INSTANTIATE_TEST_SUITE_P(, WeightMatrixTest, testing::ValuesIn(files_everywhere()), name_of);

using CachedWeightsTest = WeightMatrixTest;

TEST_P(CachedWeightsTest, AreBitEqualWithoutTheServersContent) {
  Process first(*place);
  first.loader->preload(source(first));
  place->hide_content();
  expect_file_is_reference(first);
  Process second(*place);
  expect_file_is_reference(second);
  EXPECT_EQ(place->content_requests(), 0);
}
INSTANTIATE_TEST_SUITE_P(, CachedWeightsTest, testing::ValuesIn(remote_files()), name_of);

using ShardedModelTest = WeightMatrixTest;

TEST_P(ShardedModelTest, IsOne) {
  Process process(*place);
  const auto files =
      open_model(process.catalogs, place->model(GetParam().what), process.config);
  const ModelWeights weights(*files, *process.loader);
  EXPECT_GT(weights.sources().size(), 1u);
  std::set<std::string> names;
  std::vector<ModelWeights::Request> requests;
  for (const auto& [name, entry] : weights.tensors()) {
    names.insert(name);
    requests.push_back({name, entry.info.shape, {}});
  }
  EXPECT_EQ(names, reference()["models"][GetParam().what].get<std::set<std::string>>());
  const std::vector<Tensor> tensors = weights.load(requests, Device::cpu());
  for (size_t i = 0; i < requests.size(); ++i) {
    expect_is_reference(requests[i].name, tensors[i]);
  }
}
INSTANTIATE_TEST_SUITE_P(, ShardedModelTest, testing::ValuesIn(models()), name_of);

TEST(WeightMatrixStateTest, HasAMatrixAScalarAndAnEmptyTensorOfEveryType) {
  std::set<std::string> held;
  for (const Json& file : reference()["files"]) {
    held.merge(file["tensors"].get<std::set<std::string>>());
  }
  for (const DataType dtype : all_dtypes()) {
    for (const std::string kind : {"matrix.", "scalar.", "empty."}) {
      const std::string name = kind + std::string(to_string(dtype));
      EXPECT_TRUE(held.contains(name)) << name;
      EXPECT_EQ(reference()["tensors"].value(name, Json::object()).value("dtype", ""),
                to_string(dtype));
    }
  }
}

}  // namespace
}  // namespace ferrum
