#include "cli/answer.h"

#include <array>
#include <cstdio>
#include <utility>

#include "cli/interrupt.h"
#include "cli/terminal.h"

namespace ferrum::cli {

Answer stream_answer(Engine& engine, Request request, bool echo) {
  Answer answer;
  const auto generation = engine.submit(std::move(request));
  OnInterrupt on_interrupt([&] { generation->cancel(); });
  while (const auto piece = generation->next()) {
    if (echo && !piece->text.empty()) write_out(piece->text);
    answer.text += piece->text;
    if (piece->finish) answer.finish = *piece->finish;
  }
  answer.usage = generation->usage();
  return answer;
}

std::string describe(const Usage& usage) {
  const auto rate = [](int64_t tokens, double seconds) {
    return seconds > 0 ? static_cast<double>(tokens) / seconds : 0.0;
  };
  std::array<char, 200> text{};
  std::snprintf(text.data(), text.size(),
                "%lld prompt tokens at %.1f tok/s, %lld tokens at %.1f tok/s, "
                "first token after %.3f s",
                static_cast<long long>(usage.prompt_tokens),
                rate(usage.prompt_tokens, usage.prefill_seconds),
                static_cast<long long>(usage.completion_tokens),
                rate(usage.completion_tokens - 1, usage.decode_seconds),
                usage.queue_seconds + usage.prefill_seconds);
  return text.data();
}

}  // namespace ferrum::cli
