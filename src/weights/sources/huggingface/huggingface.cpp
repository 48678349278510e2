// Models of the Hugging Face Hub.

#include <memory>

#include "ferrum/types/error.h"
#include "ferrum/weights/source_part.h"
#include "weights/model_file_name.h"
#include "weights/sources/huggingface/hub_location.h"
#include "weights/sources/huggingface/hub_source.h"

namespace ferrum {
namespace {

WeightSource beside(const WeightSource& source, std::string_view name) {
  HubLocation location = parse_hub_source(source);
  const size_t folder = location.filename.rfind('/');
  location.filename = folder == std::string::npos
                          ? std::string(name)
                          : location.filename.substr(0, folder + 1) + std::string(name);
  WeightSource sibling = hub_source(location);
  parse_hub_source(sibling);  // refuses a name that leads out
  return sibling;
}

}  // namespace

void register_huggingface(SourceCatalog& catalog) {
  const auto hub = std::make_shared<HubSource>();
  SourcePart part;
  part.description = "the Hugging Face Hub, with the cache that its own tools share";
  part.open = [hub](const WeightSource& source, const WeightLoaderConfig& config) {
    return hub->open(parse_hub_source(source), config);
  };
  part.stamp = [hub](const WeightSource& source, const WeightLoaderConfig& config) {
    return hub->stamp(parse_hub_source(source), config);
  };
  part.sibling = beside;
  part.fetch = [hub](const WeightSource& source, const WeightLoaderConfig& config,
                     std::stop_token stop, const LoadProgress& progress) {
    return hub->fetch(parse_hub_source(source), config, stop, progress);
  };
  part.prefixes = {"hf:"};
  part.parse = [](const std::string& location) { return hub_source(parse_hub_file(location)); };
  part.open_model = [hub](const std::string& location, const WeightLoaderConfig& config) {
    return open_hub_model(hub, parse_hub_model(location), config);
  };
  catalog.add("huggingface", std::move(part));
}

}  // namespace ferrum
