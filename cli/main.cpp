#include <cctype>
#include <exception>
#include <string>
#include <string_view>

#include "cli/command.h"
#include "cli/terminal.h"
#include "ferrum/types/error.h"

namespace {

using namespace ferrum::cli;

constexpr const char* kExamples = R"(Examples:
  ferrum run                               chat with the built-in demonstration model
  ferrum run path/to/model -p "Hello"      one answer, streamed
  echo "Hello" | ferrum run path/to/model  the same in a pipe
  ferrum inspect path/to/model             what is in it, and what it needs
  ferrum bench --shape llama-3.2-1b        how fast this machine would be
  ferrum doctor                            what helps or hinders on this machine

Exit codes: 0 done, 1 failed, 2 wrong use, 130 stopped by Ctrl-C.)";

// A sentence: first letter large, a full stop at the end.
std::string as_sentence(std::string text) {
  if (text.empty()) return text;
  text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  if (std::string_view(".!?:)").find(text.back()) == std::string_view::npos) text += '.';
  return text;
}

int report(const ferrum::Error& error, int exit_code) {
  std::string text = coloured("error: ", Colour::kRed) + error.message() + ".";
  if (!error.hint().empty()) text += " " + as_sentence(error.hint());
  write_note(text);
  return exit_code;
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
  add_doctor(app, action);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kWrongUse;
  }

  install_signal_handlers();
  try {
    return action();
  } catch (const UsageError& error) {
    return report(error, kWrongUse);
  } catch (const ferrum::Error& error) {
    return report(error, kFailed);
  } catch (const std::exception& error) {
    return report(ferrum::Error(ferrum::ErrorCode::kInternal, error.what()), kFailed);
  }
}
