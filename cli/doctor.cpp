#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "cli/answer.h"
#include "cli/command.h"
#include "cli/engine_options.h"
#include "cli/terminal.h"
#include "ferrum/types/error.h"
#include "ferrum/types/format_bytes.h"
#include "ferrum/types/host_memory.h"
#include "ferrum/types/thread_pool.h"

namespace ferrum::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  ferrum doctor
  ferrum doctor --json

Exit code 1 when something is broken; advice alone does not fail.)";

enum class Verdict { kGood, kAdvice, kBroken };

struct Finding {
  std::string subject;
  Verdict verdict = Verdict::kGood;
  std::string found;
  std::string advice;
};

const char* name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kGood:
      return "ok";
    case Verdict::kAdvice:
      return "advice";
    case Verdict::kBroken:
      return "broken";
  }
  return "";
}

Finding check_threads() {
  const int usable = ThreadPool::available_cpus();
  const int online = static_cast<int>(std::thread::hardware_concurrency());
  Finding f{"threads", Verdict::kGood,
            std::to_string(usable) + " of " + std::to_string(online) + " CPUs usable", ""};
  if (usable < online) {
    f.verdict = Verdict::kAdvice;
    f.advice = "an affinity mask or a cgroup quota holds the rest back";
  }
  return f;
}

Finding check_memory() {
  const HostMemory memory = query_host_memory();
  Finding f{
      "memory", Verdict::kGood,
      format_bytes(memory.available_bytes) + " available of " + format_bytes(memory.total_bytes),
      ""};
  if (memory.limit_bytes < memory.total_bytes) {
    f.found += ", limited to " + format_bytes(memory.limit_bytes);
    f.verdict = Verdict::kAdvice;
    f.advice = "a cgroup or ulimit sets this limit; models are planned within it";
  }
  return f;
}

Finding check_huge_pages() {
  std::ifstream file("/sys/kernel/mm/transparent_hugepage/enabled");
  std::string modes;
  std::getline(file, modes);
  Finding f{"huge pages", Verdict::kGood, modes.empty() ? "not reported" : modes, ""};
  if (modes.find("[never]") != std::string::npos) {
    f.verdict = Verdict::kAdvice;
    f.advice =
        "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled (as root) may help by "
        "a few per cent";
  }
  return f;
}

Finding check_backend(Engine& engine) {
  const BackendCapabilities c = engine.backend().capabilities();
  return {"backend", Verdict::kGood,
          std::string(engine.backend().name()) + " " + engine.backend().version() + ", " +
              c.extra_capabilities.value("isa", "") + " kernels",
          ""};
}

Finding check_speed(Engine& engine) {
  const MachineLimits limits = engine.measure_limits();
  std::array<char, 160> text{};
  std::snprintf(text.data(), text.size(), "memory reads %.1f GB/s, %s %.0f GFLOP/s",
                limits.read_bytes_per_second / 1e9, limits.dot_instruction.c_str(),
                limits.dot_flops_per_second / 1e9);
  return {"limits", Verdict::kGood, text.data(), ""};
}

Finding check_answer(Engine& engine) {
  Request request = engine.chat_request({{{"role", "user"}, {"content", "Hello"}}});
  request.sampling.temperature = 0;
  request.sampling.max_tokens = 32;
  const Answer answer = stream_answer(engine, std::move(request), false);
  if (answer.finish == FinishReason::kCancelled) throw Error(ErrorCode::kCancelled, "stopped");
  const std::string text = answer.text.substr(0, answer.text.find('\n'));
  if (text.empty()) {
    return {"built-in model", Verdict::kBroken, "it answered nothing", "reinstall ferrum"};
  }
  return {"built-in model", Verdict::kGood, "answers \"" + text + "\"", ""};
}

Finding attempt(const char* subject, const std::function<Finding()>& check) {
  if (take_interrupt()) throw Error(ErrorCode::kCancelled, "stopped");
  try {
    return check();
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) throw;
    return {subject, Verdict::kBroken, error.message(), error.hint()};
  }
}

std::vector<Finding> examine() {
  std::vector<Finding> findings{attempt("threads", check_threads), attempt("memory", check_memory),
                                attempt("huge pages", check_huge_pages)};
  try {
    const auto engine = open_engine(EngineConfig{});
    findings.push_back(attempt("backend", [&] { return check_backend(*engine); }));
    findings.push_back(attempt("limits", [&] { return check_speed(*engine); }));
    findings.push_back(attempt("built-in model", [&] { return check_answer(*engine); }));
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) throw;
    findings.push_back({"engine", Verdict::kBroken, error.message(), error.hint()});
  }
  return findings;
}

void print(const Finding& f) {
  std::string subject = f.subject;
  subject.resize(16, ' ');
  std::string verdict = name(f.verdict);
  verdict.resize(8, ' ');
  write_out(verdict + subject + f.found +
            (f.advice.empty() ? "" : "\n" + std::string(24, ' ') + f.advice) + "\n");
}

int doctor(bool json) {
  const std::vector<Finding> findings = examine();
  Json list = Json::array();
  for (const Finding& f : findings) {
    if (!json) print(f);
    list.push_back({{"subject", f.subject},
                    {"verdict", name(f.verdict)},
                    {"found", f.found},
                    {"advice", f.advice}});
  }
  if (json) write_json(list);
  const bool broken = std::any_of(findings.begin(), findings.end(),
                                  [](const Finding& f) { return f.verdict == Verdict::kBroken; });
  return broken ? kFailed : kDone;
}

}  // namespace

void add_doctor(CLI::App& app, Action& action) {
  auto json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("doctor", "Check this machine, and say what would help");
  command->add_flag("--json", *json, "Print one JSON array");
  command->footer(kExamples);
  command->callback([json, &action] { action = [json] { return doctor(*json); }; });
}

}  // namespace ferrum::cli
