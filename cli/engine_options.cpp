#include "cli/engine_options.h"

#include <stop_token>

#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/printable.h"
#include "cli/terminal.h"
#include "cli/validators.h"
#include "ferrum/engine/parts.h"
#include "ferrum/registry/backend_factory.h"

namespace ferrum::cli {

void add_engine_options(CLI::App& command, EngineOptions& o) {
  const auto group = "Engine";
  const auto add = [&](const char* name, auto& value, const char* help) {
    return command.add_option(name, value, help)->group(group);
  };
  add("--dtype", o.dtype, "Cast the weights: f32, f16 or bf16 (default: as they are stored)")
      ->check(CLI::IsMember({"f32", "f16", "bf16"}));
  add("--activations", o.activations,
      "Activations and cache: f32, bf16 or auto: bf16 where the weights are and the device "
      "multiplies bf16 natively")
      ->check(CLI::IsMember({"auto", "f32", "bf16"}))
      ->capture_default_str();
  add("--context", o.context,
      "Longest sequence in tokens (default: the model's, as far as it fits)")
      ->check(integer_in(1, 1 << 30));
  add("--device", o.device, "Where to compute: cpu (default: the best there is)");
  add("--threads", o.threads, "CPU threads (default: as many as this process may use)")
      ->check(integer_in(1, 4096));
  add("--isa", o.isa, "Highest instruction set for kernels: scalar, avx2, avx512, ...");
  command
      .add_flag("--debug", o.debug,
                "Check weights and every operation's result for NaN (slow); print the memory plan")
      ->group(group);
  add_weight_options(command, o.weights);
}

EngineConfig to_engine_config(const EngineOptions& o, std::string model) try {
  EngineConfig config;
  config.model = std::move(model);
  config.weights = to_loader_config(o.weights);
  config.max_context = o.context;
  if (!o.dtype.empty()) config.dtype = parse_dtype(o.dtype);
  if (o.activations != "auto") config.activation_dtype = parse_dtype(o.activations);
  config.backend.enable_debug = o.debug;
  if (!o.device.empty()) {
    config.backend.device = parse_device(o.device);
    config.backend.backend_type = config.backend.device.kind;
  }
  if (o.threads > 0) config.backend.backend_options["threads"] = o.threads;
  if (!o.isa.empty()) config.backend.backend_options["isa"] = o.isa;
  const Parts parts = create_parts();
  BackendFactory(parts.backends, parts.weights).validate_config(config.backend);
  return config;
} catch (const Error& error) {
  if (error.code() == ErrorCode::kUnsupported) throw;  // well asked, but not in this build
  throw UsageError(error.message(), error.hint());
}

std::unique_ptr<Engine> open_engine(const EngineConfig& config, const EngineOpener& open) {
  std::stop_source stop;
  const EndOnInterrupt at_the_second(2);  // where the first is not heeded
  const OnInterrupt on_interrupt([&] { stop.request_stop(); });
  ProgressLine line;
  auto engine = open(config, stop.get_token(), [&](const OpenProgress& progress) {
    line.show(progress.stage, progress.done, progress.total);
  });
  line.clear();
  for (const std::string& warning : engine->warnings()) {
    write_note(coloured("warning: ", Colour::kYellow) + printable(warning));
  }
  if (config.backend.enable_debug) {
    std::string plan = to_string(engine->memory_plan());
    plan.pop_back();  // the end of its last line
    write_note("memory plan\n" + plan);
  }
  return engine;
}

}  // namespace ferrum::cli
