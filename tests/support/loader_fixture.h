#pragma once
// A loader over every part of this build, and files in ranges, for tests of formats.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ferrum/weights/weight_catalogs.h"
#include "support/hex.h"
#include "support/host_tensor_factory.h"
#include "support/ranged_source.h"

namespace ferrum::test {

class LoaderFixture : public testing::Test {
 protected:
  LoaderFixture() { add_ranged_files(catalogs.sources); }

  Tensor load(const WeightSource& source, const std::string& name,
              std::vector<TensorTransformation> transformations = {}) {
    return loader->load_tensor({name, std::nullopt, std::nullopt, Device::cpu(), source,
                                std::move(transformations)});
  }
  // Opens a file, and what it says cannot be loaded.
  void open_all(const WeightSource& source) {
    const auto unreadable = loader->get_metadata(source).unreadable;
    for (const auto& [name, why] : unreadable) load(source, name);
  }
  // `expected`: {"dtype", "shape", "hex"}.
  static void expect_is(const Tensor& tensor, const Json& expected) {
    EXPECT_EQ(Json(tensor.shape()), expected["shape"]);
    EXPECT_EQ(std::string(to_string(tensor.dtype())), expected["dtype"]);
    ASSERT_TRUE(tensor.is_contiguous());
    const std::string_view bytes(static_cast<const char*>(tensor.raw_data()),
                                 static_cast<size_t>(tensor.size_bytes()));
    EXPECT_EQ(to_hex(bytes), expected["hex"]);
  }

  HostTensorFactory factory;
  WeightCatalogs catalogs = create_weight_catalogs();
  std::unique_ptr<WeightLoader> loader = create_weight_loader(catalogs, factory);
};

}  // namespace ferrum::test
