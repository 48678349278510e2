#include "cli/line_editor.h"

#include <histedit.h>
#include <langinfo.h>

#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <string_view>

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

// Bound to Ctrl-C while a line is edited. The mark belongs behind the text, so where the cursor is
// inside, it is moved to the end, and drawn there before the key's second round.
unsigned char cancel_line(EditLine* editor, int) {
  const LineInfoW* line = el_wline(editor);
  if (line->cursor != line->lastchar) {
    el_cursor(editor, static_cast<int>(line->lastchar - line->cursor));
    el_push(editor, "\x03");
    return CC_CURSOR;
  }
  el_wdeletestr(editor, static_cast<int>(line->cursor - line->buffer));
  std::fputs("^C\n", stderr);
  el_set(editor, EL_REFRESH);  // draws the prompt anew where the terminal's cursor is
  return CC_NORM;
}

// A terminal that is asked to puts these around what is pasted (xterm's "bracketed paste"), so that
// its line ends can be told from the key.
constexpr const char* kAskForBrackets = "\033[?2004h";
constexpr const char* kNoMoreBrackets = "\033[?2004l";
constexpr const char* kPasteBegins = "\033[200~";
constexpr std::wstring_view kPasteEnds = L"\033[201~";

// Bound to kPasteBegins: takes what is pasted into the line, line ends and all.
unsigned char insert_paste(EditLine* editor, int) {
  std::wstring text;
  while (!text.ends_with(kPasteEnds)) {
    wchar_t c = 0;
    if (el_wgetc(editor, &c) != 1) return CC_EOF;
    text += c == L'\r' ? L'\n' : c;
  }
  text.resize(text.size() - kPasteEnds.size());
  std::erase_if(text, [](wchar_t c) {
    return (c < L' ' && c != L'\n' && c != L'\t') || c == L'\x7f';
  });
  while (text.ends_with(L'\n')) text.pop_back();
  if (!text.empty() && el_winsertstr(editor, text.c_str()) != 0) return CC_ERROR;
  return CC_REFRESH;
}

bool terminal_has_escapes() {
  const char* name = std::getenv("TERM");
  return name != nullptr && std::string_view(name) != "dumb";
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
  // Ctrl-C is a key while a line is edited, and a signal while an answer runs. el_wset keeps the
  // names where they are; el_set would lose its copies of them.
  el_set(editor, EL_SETTY, "-d", "-isig", nullptr);
  el_wset(editor, EL_ADDFN, L"cancel-line", L"Empty the line", cancel_line);
  el_set(editor, EL_BIND, "^C", "cancel-line", nullptr);
  el_wset(editor, EL_ADDFN, L"insert-paste", L"Insert what is pasted", insert_paste);
  el_set(editor, EL_BIND, kPasteBegins, "insert-paste", nullptr);
}

LineEditor::~LineEditor() {
  el_end(state_->editor);
  history_end(state_->history);
}

std::optional<std::string> LineEditor::read(const std::string& prompt) {
  state_->prompt = prompt;
  const bool brackets = stderr_is_terminal() && terminal_has_escapes();
  if (brackets) std::fputs(kAskForBrackets, stderr);
  int length = 0;
  const char* line = el_gets(state_->editor, &length);
  if (brackets) std::fputs(kNoMoreBrackets, stderr);
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
