#include <signal.h>

#include <algorithm>
#include <exception>
#include <sstream>
#include <string>

#include "cli/command.h"
#include "cli/error_text.h"
#include "cli/terminal.h"
#include "ferrum/types/error.h"

namespace {

using namespace ferrum::cli;

constexpr const char* kExamples = R"(Examples:
  ferrum run                               chat with the built-in demonstration model
  ferrum run path/to/model -p "Hello"      one answer, streamed
  echo "Hello" | ferrum run path/to/model  the same in a pipe
  ferrum inspect path/to/model             what is in it, and what it needs
  ferrum pull hf:org/name                  download a model, to run it later
  ferrum bench --shape llama-3.2-1b        how fast this machine would be
  ferrum convert model.pt model.safetensors
                                           weights in another format, dtype or fewer bits
  ferrum doctor                            what helps or hinders on this machine

Exit codes: 0 done, 1 failed, 2 wrong use, 130 stopped by Ctrl-C.)";

// The library would only say that a subcommand is required.
void check_command(const CLI::App& app, int argc, char** argv) {
  const CLI::App* at = &app;
  std::string path;
  for (int i = 1; i < argc && argv[i][0] != '-'; ++i) {
    const std::string word = argv[i];
    const auto commands = at->get_subcommands([](const CLI::App*) { return true; });
    if (commands.empty()) return;
    const auto found = std::find_if(commands.begin(), commands.end(), [&](const CLI::App* command) {
      return command->get_name() == word;
    });
    if (found == commands.end()) {
      const std::string run = at == &app ? "to run a model: ferrum run " + word + ". " : "";
      throw UsageError("there is no command '" + path + word + "'",
                       run + "All commands: ferrum " + path + "--help");
    }
    at = *found;
    path += word + " ";
  }
}

// Options by their names alone: what stands behind one that was mistyped may be a secret.
std::string unexpected(const CLI::App& app) {
  std::string options, words;
  for (const std::string& argument : app.remaining(true)) {
    if (argument.starts_with('-')) {
      options += " " + argument.substr(0, argument.find('='));
    } else {
      words += " " + argument;
    }
  }
  return options.empty() ? "not expected:" + words : "there is no option" + options;
}

// CLI11's own errors, in the words of the house.
UsageError wrong_use(const CLI::App& app, const CLI::ParseError& error) {
  std::string message = error.what();
  if (dynamic_cast<const CLI::ExtrasError*>(&error)) message = unexpected(app);
  const auto is_upper = [&](size_t i) {
    return i < message.size() && 'A' <= message[i] && message[i] <= 'Z';
  };
  if (is_upper(0) && !is_upper(1)) message[0] += 'a' - 'A';  // but not in "TARGET is required"
  std::string help = "ferrum";
  for (auto chosen = app.get_subcommands(); !chosen.empty();
       chosen = chosen.front()->get_subcommands()) {
    help += " " + chosen.front()->get_name();
  }
  return UsageError(message, "see " + help + " --help");
}

// What the library prints itself: help and version.
int print_asked(const CLI::App& app, const CLI::ParseError& asked) {
  std::ostringstream out;
  app.exit(asked, out, out);
  write_out(out.str());
  return kDone;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Ferrum runs language models as they lie on disk.", "ferrum"};
  app.set_version_flag("--version", std::string("ferrum ") + FERRUM_VERSION);
  app.require_subcommand(1);
  app.footer(kExamples);

  Action action;
  add_run(app, action);
  add_inspect(app, action);
  add_backends(app, action);
  add_bench(app, action);
  add_pull(app, action);
  add_cache(app, action);
  add_convert(app, action);
  add_doctor(app, action);

  try {
    check_command(app, argc, argv);
    try {
      app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      if (error.get_exit_code() == 0) return print_asked(app, error);
      throw wrong_use(app, error);
    }
    install_signal_handlers();
    return action();
  } catch (const OutputClosed&) {
    signal(SIGPIPE, SIG_DFL);  // ends as a process does that never asked
    raise(SIGPIPE);
    return kFailed;
  } catch (const UsageError& error) {
    write_error(error);
    return kWrongUse;
  } catch (const ferrum::Error& error) {
    write_error(error);
    return error.code() == ferrum::ErrorCode::kCancelled ? kInterrupted : kFailed;
  } catch (const std::exception& error) {
    write_error(ferrum::Error(ferrum::ErrorCode::kInternal, error.what()));
    return kFailed;
  }
}
