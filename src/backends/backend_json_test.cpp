#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ferrum/backends/backend_capabilities.h"
#include "ferrum/backends/backend_config.h"
#include "ferrum/backends/backend_status.h"

namespace ferrum {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Every field away from its default.
BackendCapabilities full_capabilities() {
  return {.supported_dtypes = {DataType::kF32, DataType::kF8E4M3},
          .supported_devices = {Device::cpu(), Device{"cuda", 1}},
          .max_tensor_dims = 8,
          .supports_fp16 = true,
          .supports_bf16 = true,
          .supports_native_bf16 = true,
          .supports_int8 = true,
          .supports_flash_attention = true,
          .supports_paged_attention = true,
          .supports_tensor_parallelism = true,
          .supports_pipeline_parallelism = true,
          .max_batch_size = 7,
          .max_sequence_length = 4096,
          .memory_alignment = 64,
          .supports_custom_kernels = true,
          .supports_cuda_graphs = true,
          .extra_capabilities = {{"isa", "avx2"}, {"threads", 2}}};
}

BackendConfig full_config() {
  BackendConfig config;
  config.backend_type = "cuda";
  config.device = Device{"cuda", 1};
  config.optimization_level = 1;
  config.enable_debug = true;
  config.memory_config = {int64_t{1} << 30, 128, false, MemoryGrowthStrategy::kStatic, 4096};
  config.backend_options = {{"isa", "avx2"}};
  return config;
}

BackendStatus full_status() {
  return {.is_initialized = true,
          .is_ready = true,
          .active_devices = {Device{"cuda", 1}},
          .memory_usage = {{Device::cpu(), 5}, {Device{"cuda", 1}, int64_t{1} << 40}},
          .operations_completed = UINT64_MAX,
          .last_error = "add: no",
          .backend_specific = {{"state", "ready"}}};
}

BackendRequirements full_requirements() {
  return {.required_devices = {Device::cpu()},
          .required_dtypes = {DataType::kBF16},
          .min_batch_size = 3,
          .min_sequence_length = 100,
          .requires_flash_attention = true,
          .requires_paged_attention = true,
          .extra_requirements = {{"isa", "avx2"}}};
}

// The JSON of a value read from JSON is the same, every key counts, and no other is accepted.
template <class T>
void expect_round_trip(const T& full) {
  const Json json = full;
  const T read = json.get<T>();
  EXPECT_EQ(Json(read), json);
  const T parsed = parse_json(json.dump(), "text").get<T>();
  EXPECT_EQ(Json(parsed), json);
  const T default_value = T();
  const Json defaults = default_value;
  for (const auto& [key, value] : json.items()) {
    EXPECT_NE(value, defaults.at(key)) << key << " is at its default, so it is not tested";
    Json wrong = json;
    wrong[key] = value.is_object() ? Json(5) : Json(Json::object({{"x", 1}}));
    EXPECT_THROW(wrong.get<T>(), Error) << key;
  }
  Json unknown = json;
  unknown["no_such_key"] = 1;
  try {
    (void)unknown.get<T>();
    ADD_FAILURE() << "an unknown key was accepted";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("no_such_key"));
  }
}

TEST(BackendJson, RoundTrips) {
  expect_round_trip(full_capabilities());
  expect_round_trip(full_config());
  expect_round_trip(full_config().memory_config);
  expect_round_trip(full_status());
  expect_round_trip(full_requirements());
  expect_round_trip(MemoryInfo{Device{"cuda", 1}, 100, 60, 40, 80, 70, 3});
}

TEST(BackendJson, ConfigsMayLeaveOutDefaults) {
  const BackendConfig config = Json::object().get<BackendConfig>();
  const BackendConfig defaults = BackendConfig();
  EXPECT_EQ(Json(config), Json(defaults));
  EXPECT_EQ(Json(Json::object().get<BackendMemoryConfig>()), Json(BackendMemoryConfig()));
  EXPECT_FALSE(Json({{"pool_size", nullptr}}).get<BackendMemoryConfig>().pool_size);
}

TEST(BackendRequirements, AllFieldsAreChecked) {
  const BackendCapabilities able = full_capabilities();
  BackendRequirements good = full_requirements();
  good.required_dtypes = {DataType::kF32};
  good.min_batch_size = 7;
  EXPECT_TRUE(able.meets_requirements(good));

  const auto unmet = [&](auto&& change) {
    BackendRequirements requirements = good;
    change(requirements);
    return able.unmet_requirements(requirements);
  };
  EXPECT_THAT(unmet([](auto& r) {
                r.required_devices.push_back(Device{"cuda", 0});
              }),
              ElementsAre(HasSubstr("cuda:0")));
  EXPECT_THAT(unmet([](auto& r) { r.required_dtypes.push_back(DataType::kF16); }),
              ElementsAre(HasSubstr("f16")));
  EXPECT_THAT(unmet([](auto& r) { r.min_batch_size = 8; }), ElementsAre(HasSubstr("batch")));
  EXPECT_THAT(unmet([](auto& r) { r.min_sequence_length = 4097; }),
              ElementsAre(HasSubstr("sequence")));
  EXPECT_THAT(unmet([](auto& r) { r.extra_requirements["isa"] = "amx"; }),
              ElementsAre(HasSubstr("isa")));
  EXPECT_THAT(unmet([](auto& r) { r.extra_requirements["tpu"] = true; }),
              ElementsAre(HasSubstr("absent")));

  BackendCapabilities without = able;
  without.supports_flash_attention = false;
  without.supports_paged_attention = false;
  EXPECT_THAT(without.unmet_requirements(good),
              ElementsAre(HasSubstr("flash"), HasSubstr("paged")));
}

}  // namespace
}  // namespace ferrum
