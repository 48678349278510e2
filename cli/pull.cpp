#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/model_target.h"
#include "cli/printable.h"
#include "cli/secrets.h"
#include "cli/terminal.h"
#include "cli/transfer_progress.h"
#include "cli/validators.h"
#include "cli/weight_options.h"
#include "ferrum/engine/parts.h"
#include "ferrum/types/error.h"
#include "ferrum/types/format_bytes.h"
#include "ferrum/weights/model_files.h"
#include "ferrum/weights/model_weights.h"
#include "ferrum/weights/weight_location.h"

namespace ferrum::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  ferrum pull hf:org/name                      what running it needs
  ferrum pull hf:org/name@v1.0 --all           all files of that revision
  ferrum pull hf:org/name/model-q4.gguf        one file
  ferrum pull s3://bucket/prefix --json

A pull that was stopped goes on where it was when it is asked for again.)";

struct PullOptions {
  std::string model;
  bool all = false;
  bool json = false;
  WeightOptions weights;
};

struct Wanted {
  std::string name;
  WeightSource source;
};

std::vector<Wanted> files_of_model(const ModelFiles& files, WeightLoader& loader, bool all) {
  ask_for_texts(files);
  std::vector<Wanted> wanted;
  for (const std::string& name : files.names()) {
    if (all || is_beside_weights(name)) wanted.push_back({name, files.weight_source(name)});
  }
  if (all) return wanted;
  const ModelWeights weights(files, loader);
  for (const WeightSource& source : weights.sources()) {
    wanted.push_back({source.to_string(), source});
  }
  return wanted;
}

std::vector<Wanted> find_files(const PullOptions& o, const Parts& parts, WeightLoader& loader,
                               const WeightLoaderConfig& config) {
  const EndOnInterrupt ends;
  const bool is_text = is_beside_weights(without_secrets(o.model));
  const auto file = is_text ? parse_weight_source(parts.weights, o.model)
                            : find_weight_file(parts.weights, o.model, config);
  if (file) return {{file->to_string(), *file}};
  return files_of_model(*open_model_folder(parts.weights, o.model, config), loader, o.all);
}

struct Pulled {
  std::string name;
  int64_t size_bytes = 0;
  int64_t fetched_bytes = 0;  // 0: it was there, or another process brought it
  double seconds = 0;
};

Pulled pull_file(const Wanted& file, const std::string& stage, WeightLoader& loader,
                 const std::stop_token& stop, TransferProgress& line) {
  Pulled pulled{file.name};
  const auto start = std::chrono::steady_clock::now();
  pulled.fetched_bytes = loader.preload(file.source, stop, [&](int64_t done, int64_t total) {
    pulled.size_bytes = total;
    line.show(stage, done, total);
  });
  pulled.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  line.clear();
  return pulled;
}

void print(const Pulled& file) {
  std::string text = printable_line(file.name) + "  " + format_bytes(file.size_bytes);
  if (file.fetched_bytes == 0) {
    text += "  was here";
  } else if (file.seconds >= 1) {
    const double rate = static_cast<double>(file.fetched_bytes) / file.seconds;
    text += "  " + format_bytes(static_cast<int64_t>(rate)) + "/s";
  }
  write_out(text + "\n");
}

void print_json(const std::string& model, const std::vector<Pulled>& files) {
  Json json{{"model", without_secrets(model)},
            {"size_bytes", 0},
            {"fetched_bytes", 0},
            {"files", Json::array()}};
  int64_t size = 0, fetched = 0;
  for (const Pulled& file : files) {
    json["files"].push_back({{"name", file.name},
                             {"size_bytes", file.size_bytes},
                             {"fetched_bytes", file.fetched_bytes},
                             {"seconds", file.seconds}});
    size += file.size_bytes;
    fetched += file.fetched_bytes;
  }
  json["size_bytes"] = size;
  json["fetched_bytes"] = fetched;
  write_json(json);
}

int pull(const PullOptions& o) {
  const WeightLoaderConfig config = to_loader_config(o.weights);
  if (!config.enable_caching) {
    throw UsageError("a pull keeps what it fetches", "Leave out --no-cache.");
  }
  if (is_here(o.model)) {
    throw UsageError(o.model + " is on this machine already",
                     "Name a model elsewhere: hf:org/name, https://... or s3://bucket/prefix.");
  }
  if (o.model.find(':') == std::string::npos) {
    throw UsageError(
        "'" + o.model + "' names no model elsewhere",
        "From the Hub it is hf:" + o.model + "; else https://... or s3://bucket/prefix.");
  }
  const Parts parts = create_parts();
  const BackendConfig backend_config;
  const auto backend = parts.backends.get(backend_config.backend_type).create(backend_config);
  backend->initialize(Device::cpu());
  const auto loader = create_weight_loader(parts.weights, backend->tensor_factory(), config);
  const std::vector<Wanted> files = find_files(o, parts, *loader, config);
  std::stop_source stop;
  const OnInterrupt on_interrupt([&] { stop.request_stop(); });
  TransferProgress line;
  std::vector<Pulled> done;
  for (size_t i = 0; i < files.size(); ++i) {
    const std::string stage = "[" + std::to_string(i + 1) + "/" + std::to_string(files.size()) +
                              "] " + printable_line(files[i].name);
    done.push_back(pull_file(files[i], stage, *loader, stop.get_token(), line));
    if (!o.json) print(done.back());
  }
  if (o.json) print_json(o.model, done);
  return kDone;
}

}  // namespace

void add_pull(CLI::App& app, Action& action) {
  auto o = std::make_shared<PullOptions>();
  CLI::App* command =
      app.add_subcommand("pull", "Download a model, to run it later without waiting");
  command->add_option("MODEL", o->model, "hf:org/name[@rev], https://... or s3://bucket/prefix")
      ->required()
      ->check(not_empty());
  command->add_flag("--all", o->all, "All files of the model, not just what running it needs");
  command->add_flag("--json", o->json, "Print one JSON object when all is there");
  add_weight_options(*command, o->weights);
  command->footer(kExamples);
  command->callback([o, &action] { action = [o] { return pull(*o); }; });
}

}  // namespace ferrum::cli
