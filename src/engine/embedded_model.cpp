#include "engine/embedded_model.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ferrum/types/error.h"

namespace ferrum {

std::vector<std::pair<std::string, std::string_view>> embedded_files();  // generated

std::unique_ptr<ModelFiles> open_embedded_files() {
  auto files = embedded_files();
  if (files.empty()) {
    throw Error(ErrorCode::kNotFound, "this build has no embedded model",
                "name a model directory");
  }
  return open_embedded_model(std::move(files), "the embedded model");
}

}  // namespace ferrum
