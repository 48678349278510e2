#pragma once
// The commands of the `ferrum` binary. Each add_<command> declares its options on the app; the
// chosen one runs after parsing.
//
// Exit codes: 0 done, 1 failed, 2 wrong use, 130 stopped by Ctrl-C.

#include <functional>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>

#include "ferrum/types/error.h"

namespace ferrum::cli {

// The command line itself is wrong: exit code 2.
class UsageError : public Error {
 public:
  UsageError(const std::string& message, std::string hint = {})
      : Error(ErrorCode::kInvalidArgument, message, std::move(hint)) {}
};

// Set by the subcommand that was chosen; returns the exit code, or throws ferrum::Error.
using Action = std::function<int()>;

inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kWrongUse = 2;
inline constexpr int kInterrupted = 130;

void add_run(CLI::App& app, Action& action);
void add_inspect(CLI::App& app, Action& action);
void add_backends(CLI::App& app, Action& action);
void add_bench(CLI::App& app, Action& action);
void add_pull(CLI::App& app, Action& action);
void add_cache(CLI::App& app, Action& action);
void add_convert(CLI::App& app, Action& action);
void add_doctor(CLI::App& app, Action& action);

}  // namespace ferrum::cli
