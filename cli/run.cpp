#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "cli/answer.h"
#include "cli/chat.h"
#include "cli/command.h"
#include "cli/engine_options.h"
#include "cli/sampling_options.h"
#include "cli/terminal.h"
#include "cli/validators.h"
#include "ferrum/types/error.h"
#include "ferrum/types/format_bytes.h"

namespace ferrum::cli {
namespace {

constexpr int64_t kMaxPromptBytes = int64_t{64} << 20;

constexpr const char* kHowToPrompt = "Give one with -p, with -f FILE, or through a pipe.";

constexpr const char* kExamples = R"(Examples:
  ferrum run                                chat with the built-in demonstration model
  ferrum run path/to/model                  chat with a model
  ferrum run hf:org/name -p "Why is the sky blue?"
  ferrum run path/to/model -p "Summarise:" -f notes.txt
  git diff | ferrum run path/to/model -p "Review this:" -f - --json
  ferrum run path/to/model --raw -p "Once upon a time" --temperature 0 -n 100)";

struct RunOptions {
  std::string model;
  std::optional<std::string> prompt;
  std::string file;
  std::string system;
  bool raw = false;
  bool json = false;
  bool stats = false;
  EngineOptions engine;
  SamplingOptions sampling;
};

std::string read_all(std::FILE* file, const std::string& name) {
  std::string text;
  char buffer[1 << 16];
  while (const size_t count = std::fread(buffer, 1, sizeof buffer, file)) {
    text.append(buffer, count);
    if (static_cast<int64_t>(text.size()) > kMaxPromptBytes) {
      throw Error(ErrorCode::kInvalidArgument,
                  name + " holds more than " + format_bytes(kMaxPromptBytes) + " of prompt");
    }
  }
  if (std::ferror(file)) {
    if (take_interrupt()) throw Error(ErrorCode::kCancelled, "stopped while reading " + name);
    throw Error(ErrorCode::kIo, "cannot read " + name + ": " + std::strerror(errno));
  }
  return text;
}

std::string read_prompt_file(const std::string& path) {
  if (path == "-") return read_all(stdin, "standard input");
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             std::fclose);
  if (!file) {
    throw Error(ErrorCode::kNotFound, "cannot open " + path + ": " + std::strerror(errno));
  }
  return read_all(file.get(), path);
}

// The prompt from -p, then -f; without both from a pipe. Nothing when a chat is meant.
std::optional<std::string> gather_prompt(const RunOptions& o) {
  std::optional<std::string> prompt = o.prompt;
  if (prompt) check_utf8(*prompt, "the prompt");
  std::string file = o.file;
  if (!prompt && file.empty()) {
    if (stdin_is_terminal() && stdout_is_terminal() && !o.json) return std::nullopt;
    if (stdin_is_terminal()) {
      throw UsageError("there is no prompt", kHowToPrompt);
    }
    file = "-";
  }
  if (!file.empty()) {
    const std::string text = read_prompt_file(file);
    check_utf8(text, file == "-" ? "standard input" : file);
    prompt = prompt ? *prompt + "\n\n" + text : text;
  }
  if (prompt->empty()) {
    throw UsageError("the prompt is empty", kHowToPrompt);
  }
  return prompt;
}

Request make_request(const Engine& engine, const RunOptions& o, const std::string& prompt) {
  if (o.raw) return engine.text_request(prompt);
  OrderedJson messages = OrderedJson::array();
  if (!o.system.empty()) messages.push_back({{"role", "system"}, {"content", o.system}});
  messages.push_back({{"role", "user"}, {"content", prompt}});
  return engine.chat_request(messages);
}

int answer_once(Engine& engine, const RunOptions& o, const std::string& prompt) {
  Request request = make_request(engine, o, prompt);
  apply(o.sampling, request.sampling);
  const Answer answer = stream_answer(engine, std::move(request), !o.json);
  if (o.json) {
    const Json json{{"text", answer.text},
                    {"finish_reason", to_string(answer.finish)},
                    {"usage", answer.usage}};
    write_json(json);
  } else if (!answer.text.ends_with('\n')) {
    write_out("\n");
  }
  if (o.stats) write_note(describe(answer.usage));
  return answer.finish == FinishReason::kCancelled ? kInterrupted : kDone;
}

int run(const RunOptions& o) {
  check(o.sampling);
  check_utf8(o.system, "--system");
  if (o.raw && !o.system.empty()) {
    throw UsageError("--raw has no place for a system message", "Leave out --system.");
  }
  const EngineConfig config = to_engine_config(o.engine, o.model);
  const std::optional<std::string> prompt = gather_prompt(o);
  const auto engine = open_engine(config);
  if (!prompt) return chat(*engine, {o.system, o.raw, o.stats}, o.sampling);
  return answer_once(*engine, o, *prompt);
}

}  // namespace

void add_run(CLI::App& app, Action& action) {
  auto o = std::make_shared<RunOptions>();
  CLI::App* command = app.add_subcommand("run", "Answer a prompt, or chat on a terminal");
  command->add_option("MODEL", o->model, kModelHelp)
      ->check(not_empty());
  command->add_option("-p,--prompt", o->prompt, "Answer this and end");
  command->add_option("-f,--file", o->file,
                      "Take the prompt (or the rest of it) from a file; - is stdin");
  command->add_option("-s,--system", o->system, "System message");
  command->add_flag("--raw", o->raw, "Continue the prompt as plain text, without a chat template");
  command->add_flag("--json", o->json, "Print one JSON object when the answer is complete");
  command->add_flag("--stats", o->stats, "Print the speed to standard error");
  add_sampling_options(*command, o->sampling);
  add_engine_options(*command, o->engine);
  command->footer(kExamples);
  command->callback([o, &action] { action = [o] { return run(*o); }; });
}

}  // namespace ferrum::cli
