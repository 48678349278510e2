// The loader over its three axes: what is copied and what is not, batches, stopping, capabilities.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "ferrum/weights/weight_catalogs.h"
#include "support/host_tensor_factory.h"
#include "support/safetensors_bytes.h"
#include "support/temporary_directory.h"

namespace ferrum {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

template <class T>
std::string bytes_of_values(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

template <class T>
std::vector<T> values_of(const Tensor& tensor) {
  EXPECT_TRUE(tensor.is_contiguous());
  const T* data = tensor.data<T>();
  return {data, data + tensor.numel()};
}

// "a": f32 [2, 3] of 0..5; "b": i32 [2] of 7, 8. The header is padded so that data is aligned.
std::string two_tensors() {
  std::string header =
      R"({"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},)"
      R"("b":{"dtype":"I32","shape":[2],"data_offsets":[24,32]}})";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  return safetensors_bytes(header, bytes_of_values<float>({0, 1, 2, 3, 4, 5}) +
                                       bytes_of_values<int32_t>({7, 8}));
}

class WeightLoaderTest : public testing::Test {
 protected:
  TensorSpec spec(std::string name, std::vector<TensorTransformation> transformations = {}) const {
    return {std::move(name), std::nullopt,          std::nullopt, Device::cpu(),
            source,          std::move(transformations)};
  }

  TemporaryDirectory directory;
  HostTensorFactory factory;
  WeightCatalogs catalogs = create_weight_catalogs();
  std::unique_ptr<WeightLoader> loader = create_weight_loader(catalogs, factory);
  WeightSource source = WeightSource::file(directory.write("two.safetensors", two_tensors()));
};

TEST_F(WeightLoaderTest, AnUntransformedTensorIsAViewOfTheMappedFile) {
  const Tensor a = loader->load_tensor(spec("a"));
  EXPECT_THAT(values_of<float>(a), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_FALSE(a.storage()->writable());
  EXPECT_EQ(factory.allocations, 0);
  EXPECT_EQ(factory.placements, 1);
  EXPECT_EQ(loader->load_tensor(spec("b")).storage(), a.storage());
}

TEST_F(WeightLoaderTest, MemoryIsUsedInPlace) {
  const std::string bytes = two_tensors();
  source = WeightSource::memory(borrow_bytes(bytes), "embedded");
  const Tensor b = loader->load_tensor(spec("b"));
  EXPECT_THAT(values_of<int32_t>(b), ElementsAre(7, 8));
  EXPECT_EQ(b.raw_data(), bytes.data() + bytes.size() - 8);
}

TEST_F(WeightLoaderTest, ARowSliceIsAViewAndATransposeACopy) {
  const Tensor row = loader->load_tensor(spec("a", {TensorTransformation::slice(0, 1, {})}));
  EXPECT_THAT(values_of<float>(row), ElementsAre(3, 4, 5));
  EXPECT_EQ(factory.allocations, 0);
  const Tensor turned = loader->load_tensor(spec("a", {TensorTransformation::transpose(0, 1)}));
  EXPECT_EQ(turned.shape(), (Shape{3, 2}));
  EXPECT_THAT(values_of<float>(turned), ElementsAre(0, 3, 1, 4, 2, 5));
  EXPECT_EQ(factory.allocations, 1);
}

}  // namespace
}  // namespace ferrum
