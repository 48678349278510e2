#pragma once
// A server of S3 and a loader that reads from it.

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "ferrum/weights/weight_catalogs.h"
#include "support/host_tensor_factory.h"
#include "support/s3_server.h"
#include "support/temp_folder.h"

namespace ferrum::test {

inline constexpr const char* kSecret = "test/Secret+Key=";

inline std::string_view bytes_of_tensor(const Tensor& tensor) {
  return {static_cast<const char*>(tensor.raw_data()), static_cast<size_t>(tensor.size_bytes())};
}

// A server with keys that the environment has, and a loader over all parts.
class S3Test : public testing::Test {
 protected:
  S3Test() {
    for (const char* name : {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_ENDPOINT_URL",
                             "AWS_DEFAULT_REGION", "AWS_NO_SIGN_REQUEST"}) {
      unsetenv(name);
    }
    setenv("AWS_ACCESS_KEY_ID", "AKIATEST", 1);
    setenv("AWS_SECRET_ACCESS_KEY", kSecret, 1);
    setenv("AWS_ENDPOINT_URL_S3", server_.endpoint().c_str(), 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null", 1);
    setenv("AWS_CONFIG_FILE", "/dev/null", 1);
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    config.cache_dir = folder.path();
    loader = create_weight_loader(catalogs, factory, config);
  }

  TensorSpec spec(const WeightSource& source, const std::string& name) {
    return {name, std::nullopt, std::nullopt, Device::cpu(), source, {}};
  }
  WeightSource source(const std::string& key, Json more = Json::object()) {
    WeightSource source;
    source.kind = "s3";
    source.location = {{"bucket", "models"}, {"key", key}};
    source.location.update(more);
    return source;
  }
  // What opening a tensor of `source` says.
  Error failure(const WeightSource& source) {
    try {
      loader->get_metadata(source);
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "opened";
    return Error(ErrorCode::kInternal, "");
  }

  TempFolder folder;
  WeightLoaderConfig config;
  S3Server server_;
  HostTensorFactory factory;
  WeightCatalogs catalogs = create_weight_catalogs();
  std::unique_ptr<WeightLoader> loader;
};

}  // namespace ferrum::test
