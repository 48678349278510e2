#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "ferrum/registry/backend_factory.h"
#include "ferrum/registry/backend_registry.h"
#include "support/expect_error.h"

namespace ferrum {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A backend of which only the capabilities matter.
class Claims final : public ComputeBackend {
 public:
  explicit Claims(BackendCapabilities capabilities) : capabilities_(std::move(capabilities)) {}
  std::string_view name() const override { return "claims"; }
  BackendCapabilities capabilities() const override { return capabilities_; }
  TensorOps& tensor_ops() override { throw Error(ErrorCode::kUnsupported, "claims only"); }
  TensorFactory& tensor_factory() override { throw Error(ErrorCode::kUnsupported, "claims only"); }
  DeviceMemoryManager& memory_manager() override {
    throw Error(ErrorCode::kUnsupported, "claims only");
  }
  KernelExecutor* kernel_executor() override { return nullptr; }
  KernelOps* kernel_ops() override { return nullptr; }
  void initialize(const Device&) override {}
  bool supports_device(const Device&) const override { return false; }
  std::string version() const override { return "0"; }
  void synchronize(const Device&) override {}
  BackendStatus status() const override { return {}; }
  void shutdown() override {}

 private:
  BackendCapabilities capabilities_;
};

std::unique_ptr<ComputeBackend> claiming(auto&& change) {
  BackendCapabilities c;
  c.supported_dtypes = {DataType::kF32};
  c.supported_devices = {Device::cpu()};
  change(c);
  return std::make_unique<Claims>(c);
}

TEST(BackendRegistry, ChoosesAndExplains) {
  BackendRegistry registry;
  registry.register_compute_backend("plain", claiming([](auto&) {}));
  registry.register_compute_backend("bf16", claiming([](auto& c) { c.supports_bf16 = true; }));
  registry.register_compute_backend("paged", claiming([](auto& c) {
                                      c.supports_paged_attention = true;
                                      c.supports_bf16 = true;
                                    }));
  registry.register_compute_backend("device", claiming([](auto& c) {
                                      c.supported_devices = {Device{"cuda", 0}};
                                      c.supported_dtypes = {};
                                    }));
  EXPECT_THAT(registry.list_backend_names(), ElementsAre("plain", "bf16", "paged", "device"));

  BackendChoice choice = registry.find_best_compute_backend({});
  EXPECT_EQ(choice.name, "device");
  EXPECT_EQ(choice.score, 101);

  BackendRequirements f32;
  f32.required_dtypes = {DataType::kF32};
  choice = registry.find_best_compute_backend(f32);
  EXPECT_EQ(choice.name, "paged");
  EXPECT_EQ(choice.backend, registry.get_compute_backend("paged"));
  EXPECT_EQ(choice.score, 16);
  ASSERT_EQ(choice.rejected.size(), 3u);
  EXPECT_THAT(choice.rejected[0].reasons, ElementsAre(HasSubstr("paged attention (10), bf16 (5)")));
  EXPECT_EQ(choice.rejected[1].score, 6);
  EXPECT_EQ(choice.rejected[2].score, 0);
  EXPECT_THAT(choice.rejected[2].reasons, ElementsAre(HasSubstr("f32")));
  const Json json = choice.rejected;
  EXPECT_EQ(Json(json.get<std::vector<RejectedBackend>>()), json);

  BackendRequirements impossible;
  impossible.requires_flash_attention = true;
  choice = registry.find_best_compute_backend(impossible);
  EXPECT_EQ(choice.backend, nullptr);
  EXPECT_EQ(choice.rejected.size(), 4u);
  for (const RejectedBackend& r : choice.rejected) EXPECT_FALSE(r.reasons.empty());
  EXPECT_EQ(Json(choice).at("name"), nullptr);
}

TEST(BackendRegistry, FirstAmongEquals) {
  BackendRegistry registry;
  registry.register_compute_backend("a", claiming([](auto&) {}));
  registry.register_compute_backend("b", claiming([](auto&) {}));
  const BackendChoice choice = registry.find_best_compute_backend({});
  EXPECT_EQ(choice.name, "a");
  EXPECT_THAT(choice.rejected.at(0).reasons, ElementsAre(HasSubstr("registered first")));
}

TEST(BackendRegistry, NamesAreUniqueAndAbsentOnesNull) {
  BackendRegistry registry;
  registry.register_compute_backend("a", claiming([](auto&) {}));
  EXPECT_THROW(registry.register_compute_backend("a", claiming([](auto&) {})), Error);
  EXPECT_THROW(registry.register_compute_backend("b", nullptr), Error);
  EXPECT_EQ(registry.get_compute_backend("b"), nullptr);
  EXPECT_EQ(registry.get_weight_loader("b"), nullptr);
  EXPECT_THAT(registry.list_weight_loader_names(), IsEmpty());
  EXPECT_EQ(BackendRegistry().find_best_compute_backend({}).backend, nullptr);
}

class BackendFactoryTest : public testing::Test {
 protected:
  BackendFactoryTest() { register_backends(backends_); }
  BackendCatalog backends_{"backend"};
  WeightCatalogs weights_ = create_weight_catalogs();
  BackendFactory factory_{backends_, weights_};
};

TEST_F(BackendFactoryTest, ListsTypesWithReasonsForThoseMissing) {
  const std::vector<BackendTypeInfo> types = factory_.supported_backend_types();
  ASSERT_FALSE(types.empty());
  EXPECT_EQ(types[0].type, "cpu");
  EXPECT_TRUE(types[0].available);
  for (const char* name : {"cuda", "opencl", "onnx_runtime", "tensorrt", "metal", "candle"}) {
    const auto found = std::find_if(types.begin(), types.end(),
                                    [&](const auto& info) { return info.type == name; });
    ASSERT_NE(found, types.end()) << name;
    if (found->available) continue;
    EXPECT_FALSE(found->reason.empty()) << name;
    EXPECT_FALSE(found->remedy.empty()) << name;
    BackendConfig config;
    config.backend_type = name;
    test::expect_error(ErrorCode::kUnsupported, HasSubstr(found->reason),
                       [&] { factory_.validate_config(config); });
  }
  const Json json = types;
  EXPECT_EQ(Json(json.get<std::vector<BackendTypeInfo>>()), json);
}

TEST_F(BackendFactoryTest, CreatesWhatItValidates) {
  BackendConfig config;
  factory_.validate_config(config);
  const auto backend = factory_.create_compute_backend(config);
  backend->initialize(Device::cpu());
  const auto loader = factory_.create_weight_loader(backend->tensor_factory());
  EXPECT_FALSE(loader->capabilities().supported_formats.empty());
  config.backend_options = {{"no_such_option", 1}};
  EXPECT_THROW(factory_.validate_config(config), Error);
  EXPECT_THROW(factory_.create_compute_backend(config), Error);
  config.backend_type = "abacus";
  EXPECT_THROW(factory_.validate_config(config), Error);
}

TEST_F(BackendFactoryTest, WithoutATypeAnyBackendMayHonourTheConfig) {
  BackendConfig config;
  config.backend_type.clear();
  EXPECT_NO_THROW(factory_.validate_config(config));
  config.backend_options = {{"isa", "abacus"}};
  try {
    factory_.validate_config(config);
    FAIL() << "no backend knows the instruction set abacus";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_THAT(error.message(), HasSubstr("abacus"));
    EXPECT_THAT(error.hint(), HasSubstr("scalar"));
  }
}

}  // namespace
}  // namespace ferrum
