#include "text/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <array>

#include "ferrum/types/error.h"
#include "text/oniguruma.h"
#include "text/utf8.h"

namespace ferrum {
namespace {

constexpr size_t kMaxPatternBytes = 1 << 16;
constexpr uint32_t kHeapLimitKiB = 64 << 10;

struct FreeCompileContext {
  void operator()(pcre2_compile_context* context) const { pcre2_compile_context_free(context); }
};
struct FreeMatchContext {
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
};
struct FreeMatchData {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};

std::string message_of(int code) {
  std::array<PCRE2_UCHAR, 256> text{};
  pcre2_get_error_message(code, text.data(), text.size());
  return reinterpret_cast<const char*>(text.data());
}

// One search over one text.
class Matcher {
 public:
  Matcher(const pcre2_code* code, std::string_view text)
      : code_(code),
        text_(text),
        data_(pcre2_match_data_create(1, nullptr)),
        context_(pcre2_match_context_create(nullptr)) {
    if (!data_ || !context_) throw std::bad_alloc();
    // A run of spaces may be walked back once, so the limit grows with the text.
    const size_t limit = 10'000'000 + 16 * text.size();
    pcre2_set_match_limit(context_.get(),
                          static_cast<uint32_t>(std::min<size_t>(limit, UINT32_MAX)));
    pcre2_set_heap_limit(context_.get(), kHeapLimitKiB);
  }

  // The first match at or after `from`; a PCRE2 error code or the number of captures.
  int find(size_t from) {
    const int found = match(from, 0);
    return found == PCRE2_ERROR_JIT_STACKLIMIT ? match(from, PCRE2_NO_JIT) : found;
  }

  size_t begin() const { return pcre2_get_ovector_pointer(data_.get())[0]; }
  size_t end() const { return pcre2_get_ovector_pointer(data_.get())[1]; }

 private:
  int match(size_t from, uint32_t options) {
    return pcre2_match(code_, reinterpret_cast<PCRE2_SPTR>(text_.data()), text_.size(), from,
                       PCRE2_NO_UTF_CHECK | options, data_.get(), context_.get());
  }

  const pcre2_code* code_;
  std::string_view text_;
  std::unique_ptr<pcre2_match_data, FreeMatchData> data_;
  std::unique_ptr<pcre2_match_context, FreeMatchContext> context_;
};

}  // namespace

void Regex::Delete::operator()(pcre2_real_code_8* code) const { pcre2_code_free(code); }

Regex::Regex(std::string_view pattern) : pattern_(pattern) {
  if (pattern.size() > kMaxPatternBytes) {
    throw Error(ErrorCode::kUnsupported, "a regular expression of " +
                                             std::to_string(pattern.size()) + " bytes");
  }
  const std::string translated = to_pcre2_syntax(pattern);
  std::unique_ptr<pcre2_compile_context, FreeCompileContext> context(
      pcre2_compile_context_create(nullptr));
  if (!context) throw std::bad_alloc();
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  int error = 0;
  PCRE2_SIZE offset = 0;
  code_.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(),
                            PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C,
                            &error, &offset, context.get()));
  if (!code_) {
    throw Error(ErrorCode::kUnsupported,
                "the regular expression '" + pattern_.substr(0, 500) +
                    "' does not compile: " + message_of(error));
  }
  // Where there is no just-in-time compiler, or it declines, the interpreter matches the same.
  pcre2_jit_compile(code_.get(), PCRE2_JIT_COMPLETE);
}

Regex Regex::literal(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (std::string_view("\\^$.|?*+()[]{}-&#").find(c) != std::string_view::npos) escaped += '\\';
    escaped += c;
  }
  return Regex(escaped);
}

void Regex::for_each_match(std::string_view text,
                           FunctionRef<void(size_t, size_t)> on_match) const {
  Matcher matcher(code_.get(), text);
  size_t last_end = std::string_view::npos;
  for (size_t from = 0; from <= text.size();) {
    const int found = matcher.find(from);
    if (found == PCRE2_ERROR_NOMATCH) return;
    if (found < 0) {
      throw Error(ErrorCode::kResourceExhausted,
                  "the regular expression '" + pattern_.substr(0, 500) + "' gave up on a text of " +
                      std::to_string(text.size()) + " bytes: " + message_of(found));
    }
    if (matcher.begin() == matcher.end() && matcher.end() == last_end) {
      from += from < text.size() ? first_code_point(text.substr(from)).bytes : 1;
      continue;
    }
    on_match(matcher.begin(), matcher.end());
    from = last_end = matcher.end();
  }
}

}  // namespace ferrum
