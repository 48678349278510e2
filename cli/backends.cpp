#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/terminal.h"
#include "ferrum/engine/parts.h"

namespace ferrum::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  ferrum backends
  ferrum backends --json | jq '.backends[].capabilities.supported_dtypes'
  ferrum backends --markdown     the support table of the README)";

struct BackendsOptions {
  bool json = false;
  bool markdown = false;
};

std::string join(const std::vector<std::string>& words, const char* separator = ", ") {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : separator) + word;
  return text;
}

// One axis without its types: what there is, and what is missing with reason and remedy.
struct Axis {
  std::string title;
  std::vector<std::string> present;
  std::vector<MissingPart> missing;
};

template <class Part>
Axis describe_axis(std::string title, const Catalog<Part>& catalog) {
  Axis axis{std::move(title), {}, catalog.missing()};
  for (const auto& entry : catalog.entries()) axis.present.push_back(entry.name);
  return axis;
}

std::vector<Axis> describe_axes(const Parts& parts) {
  Axis models{"Model architectures", {}, parts.models.missing()};
  for (const auto& entry : parts.models.entries()) {
    for (const std::string& name : entry.part.architectures) models.present.push_back(name);
  }
  return {describe_axis("Backends", parts.backends),
          models,
          describe_axis("Weight formats", parts.weights.formats),
          describe_axis("Weight sources", parts.weights.sources),
          describe_axis("Transformations", parts.weights.transforms),
          describe_axis("Quantisations", parts.quantizations)};
}

Json to_json(const Axis& axis) {
  Json missing = Json::array();
  for (const MissingPart& part : axis.missing) {
    missing.push_back({{"name", part.name}, {"reason", part.reason}, {"remedy", part.remedy}});
  }
  return {{"axis", axis.title}, {"present", axis.present}, {"missing", missing}};
}

// A backend with its capabilities on its default device.
struct LiveBackend {
  std::string name;
  std::string description;
  std::unique_ptr<ComputeBackend> backend;
};

std::vector<LiveBackend> start_backends(const Parts& parts) {
  std::vector<LiveBackend> live;
  for (const auto& entry : parts.backends.entries()) {
    BackendConfig config;
    config.backend_type = entry.name;
    auto backend = entry.part.create(config);
    backend->initialize(backend->capabilities().supported_devices.front());
    live.push_back({entry.name, entry.part.description, std::move(backend)});
  }
  return live;
}

void print_json(const std::vector<LiveBackend>& live, const std::vector<Axis>& axes) {
  Json json{{"backends", Json::array()}, {"axes", Json::array()}};
  for (const LiveBackend& b : live) {
    json["backends"].push_back({{"name", b.name},
                                {"description", b.description},
                                {"version", b.backend->version()},
                                {"capabilities", b.backend->capabilities()},
                                {"status", b.backend->status()}});
  }
  for (const Axis& axis : axes) json["axes"].push_back(to_json(axis));
  write_json(json);
}

void print_backend(const LiveBackend& b) {
  const BackendCapabilities c = b.backend->capabilities();
  std::vector<std::string> dtypes, devices, abilities;
  for (const DataType dtype : c.supported_dtypes) dtypes.emplace_back(to_string(dtype));
  for (const Device& device : c.supported_devices) devices.push_back(to_string(device));
  const auto able = [&](bool can, const char* name) {
    if (can) abilities.emplace_back(name);
  };
  able(c.supports_fp16, "f16 weights");
  able(c.supports_bf16, "bf16 weights");
  able(c.supports_native_bf16, "native bf16 products");
  able(c.supports_int8, "int8 weights");
  able(c.supports_flash_attention, "flash attention");
  able(c.supports_paged_attention, "paged attention");
  able(c.supports_tensor_parallelism, "tensor parallelism");
  able(c.supports_pipeline_parallelism, "pipeline parallelism");
  able(c.supports_custom_kernels, "custom kernels");
  able(c.supports_cuda_graphs, "CUDA graphs");
  write_out(b.name + "  " + b.backend->version() + "  " + b.description + "\n" + "  devices    " +
            join(devices) + "\n" + "  abilities  " + join(abilities) + "\n" + "  tensors    " +
            join(dtypes, " ") + "\n");
  for (const auto& [key, value] : c.extra_capabilities.items()) {
    std::string name = key;
    name.resize(std::max<size_t>(name.size() + 1, 10), ' ');
    write_out("  " + name + " " + (value.is_string() ? value.get<std::string>() : value.dump()) +
              "\n");
  }
}

void print_axes(const std::vector<Axis>& axes) {
  for (const Axis& axis : axes) {
    write_out("\n" + axis.title + ": " + join(axis.present) + "\n");
    for (const MissingPart& part : axis.missing) {
      write_out("  no " + part.name + ": " + part.reason + "; " + part.remedy + "\n");
    }
  }
}

void print_markdown(const std::vector<Axis>& axes) {
  write_out("| | in this build | not in this build |\n| --- | --- | --- |\n");
  for (const Axis& axis : axes) {
    std::vector<std::string> missing;
    for (const MissingPart& part : axis.missing) missing.push_back(part.name);
    write_out("| " + axis.title + " | " + join(axis.present) + " | " + join(missing) + " |\n");
  }
}

int backends(const BackendsOptions& o) {
  const Parts parts = create_parts();
  const std::vector<Axis> axes = describe_axes(parts);
  if (o.markdown) {
    print_markdown(axes);
    return kDone;
  }
  const std::vector<LiveBackend> live = start_backends(parts);
  if (o.json) {
    print_json(live, axes);
    return kDone;
  }
  for (const LiveBackend& b : live) print_backend(b);
  print_axes(axes);
  return kDone;
}

}  // namespace

void add_backends(CLI::App& app, Action& action) {
  auto o = std::make_shared<BackendsOptions>();
  CLI::App* command =
      app.add_subcommand("backends", "List what this build has, can, and lacks, and why");
  CLI::Option* json = command->add_flag("--json", o->json, "Print one JSON object");
  command->add_flag("--markdown", o->markdown, "Print the support table")->excludes(json);
  command->footer(kExamples);
  command->callback([o, &action] { action = [o] { return backends(*o); }; });
}

}  // namespace ferrum::cli
