#include "cli/chat.h"

#include <optional>
#include <utility>

#include "cli/answer.h"
#include "cli/command.h"
#include "cli/error_text.h"
#include "cli/line_editor.h"
#include "cli/printable.h"
#include "cli/terminal.h"
#include "ferrum/types/error.h"

namespace ferrum::cli {
namespace {

constexpr const char* kHelp =
    "  /new     start a new conversation\n"
    "  /stats   print the speed after each answer, or stop doing so\n"
    "  /exit    leave (so does Ctrl-D)\n"
    "  //text   send /text\n"
    "  Ctrl-C   stop the answer; while typing, empty the line\n"
    "  A paste of several lines is one message; Enter sends it.";

class Conversation {
 public:
  Conversation(Engine& engine, const ChatOptions& options, const SamplingOptions& sampling)
      : engine_(engine), options_(options), sampling_(sampling) {
    start();
  }

  void start() {
    messages_ = OrderedJson::array();
    if (!options_.system.empty()) add("system", options_.system);
  }

  // Returns whether they are printed from now on.
  bool toggle_stats() { return options_.stats = !options_.stats; }

  // Answers one line. An error leaves the conversation as it was before it.
  void answer(const std::string& line) {
    const OrderedJson before = messages_;
    try {
      add("user", line);
      Request request = options_.raw ? engine_.text_request(line) : engine_.chat_request(messages_);
      apply(sampling_, request.sampling);
      const Answer answer = stream_answer(engine_, std::move(request), true);
      add("assistant", answer.text);
      write_out("\n");
      if (answer.finish == FinishReason::kLength) {
        write_note(coloured("(cut at the limit of tokens)", Colour::kDim));
      }
      if (options_.stats) write_note(coloured(describe(answer.usage), Colour::kDim));
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kIo) throw;
      messages_ = before;
      write_error(error, "/new starts a new conversation");
    }
  }

 private:
  void add(const char* role, const std::string& content) {
    messages_.push_back({{"role", role}, {"content", content}});
  }

  Engine& engine_;
  ChatOptions options_;
  const SamplingOptions& sampling_;
  OrderedJson messages_;
};

}  // namespace

int chat(Engine& engine, const ChatOptions& options, const SamplingOptions& sampling) {
  if (options.raw) {
    engine.tokenizer();  // throws now rather than at the first line
  } else {
    engine.chat_request({{{"role", "user"}, {"content", "Hello"}}});
  }
  write_note(coloured("Type a message, or /help.", Colour::kDim));
  Conversation conversation(engine, options, sampling);
  LineEditor editor;
  while (auto line = editor.read("> ")) {
    const size_t start = line->find_first_not_of(" \t");
    if (start == std::string::npos) continue;
    const std::string command = line->substr(start, line->find_last_not_of(" \t") + 1 - start);
    if (command == "/exit" || command == "/quit" || command == "/bye") break;
    if (command == "/help" || command == "/?") {
      write_note(kHelp);
    } else if (command == "/new") {
      conversation.start();
      write_note(coloured("(a new conversation)", Colour::kDim));
    } else if (command == "/stats") {
      const bool on = conversation.toggle_stats();
      write_note(coloured(on ? "(the speed is printed after each answer)"
                             : "(the speed is no longer printed)",
                          Colour::kDim));
    } else if (command.starts_with('/') && !command.starts_with("//")) {
      write_note("unknown command " + printable(command) + "\n" + kHelp);
    } else {
      if (command.starts_with('/')) line->erase(start, 1);
      take_interrupt();
      conversation.answer(*line);
    }
  }
  write_out("\n");
  return kDone;
}

}  // namespace ferrum::cli
