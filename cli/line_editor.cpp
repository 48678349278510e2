#include "cli/line_editor.h"

#include <histedit.h>
#include <langinfo.h>

#include <clocale>
#include <cstdio>

#include "cli/terminal.h"

namespace ferrum::cli {

struct LineEditor::State {
  EditLine* editor = nullptr;
  History* history = nullptr;
  std::string prompt;
};

namespace {

char* current_prompt(EditLine* editor) {
  std::string* prompt = nullptr;
  el_get(editor, EL_CLIENTDATA, &prompt);
  return prompt->data();
}

// Bound to Ctrl-C while a line is edited.
unsigned char cancel_line(EditLine* editor, int) {
  const LineInfoW* line = el_wline(editor);
  el_cursor(editor, static_cast<int>(line->lastchar - line->cursor));
  line = el_wline(editor);
  el_wdeletestr(editor, static_cast<int>(line->cursor - line->buffer));
  std::fputs("^C\n", stderr);
  return CC_REDISPLAY;
}

}  // namespace

LineEditor::LineEditor() : state_(std::make_unique<State>()) {
  // libedit drops what the locale cannot say; text here is UTF-8 whatever the environment lacks.
  std::setlocale(LC_CTYPE, "");
  if (std::string(nl_langinfo(CODESET)) != "UTF-8") std::setlocale(LC_CTYPE, "C.UTF-8");
  state_->history = history_init();
  HistEvent event;
  history(state_->history, &event, H_SETSIZE, 1000);
  history(state_->history, &event, H_SETUNIQUE, 1);
  state_->editor = el_init("ferrum", stdin, stderr, stderr);
  EditLine* editor = state_->editor;
  el_set(editor, EL_CLIENTDATA, &state_->prompt);
  el_set(editor, EL_PROMPT, current_prompt);
  el_set(editor, EL_EDITOR, "emacs");
  el_set(editor, EL_HIST, history, state_->history);
  // Ctrl-C is a key while a line is edited, and a signal while an answer runs.
  el_set(editor, EL_SETTY, "-d", "-isig", nullptr);
  el_set(editor, EL_ADDFN, "cancel-line", "Empty the line", cancel_line);
  el_set(editor, EL_BIND, "^C", "cancel-line", nullptr);
}

LineEditor::~LineEditor() {
  el_end(state_->editor);
  history_end(state_->history);
}

std::optional<std::string> LineEditor::read(const std::string& prompt) {
  state_->prompt = prompt;
  int length = 0;
  const char* line = el_gets(state_->editor, &length);
  if (line == nullptr || length <= 0) return std::nullopt;
  std::string text(line, static_cast<size_t>(length));
  if (text.find_first_not_of(" \t\n") != std::string::npos) {
    HistEvent event;
    history(state_->history, &event, H_ENTER, text.c_str());
  }
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

}  // namespace ferrum::cli
