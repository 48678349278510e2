#include "cli/transfer_progress.h"

#include <cstdio>

#include "ferrum/types/format_bytes.h"

namespace ferrum::cli {
namespace {

constexpr std::chrono::seconds kWindow{5};  // over which the rate is taken

}  // namespace

void TransferProgress::show(const std::string& stage, int64_t done_bytes, int64_t total_bytes) {
  const auto now = Clock::now();
  if (stage != stage_) {
    stage_ = stage;
    samples_.clear();
  }
  if (samples_.empty() || now - samples_.back().first > std::chrono::milliseconds(100)) {
    samples_.emplace_back(now, done_bytes);
  }
  while (samples_.size() > 1 && now - samples_.front().first > kWindow) samples_.pop_front();
  line_.show(stage, done_bytes, total_bytes, rate_and_time_left(now, total_bytes - done_bytes));
}

std::string TransferProgress::rate_and_time_left(Clock::time_point now, int64_t left) const {
  const auto& [first, before] = samples_.front();
  const double seconds = std::chrono::duration<double>(now - first).count();
  const auto bytes = static_cast<double>(samples_.back().second - before);
  if (seconds < 0.5 || bytes <= 0) return {};
  const double rate = bytes / seconds;
  const auto time = static_cast<int64_t>(static_cast<double>(left) / rate);
  return "  " + format_bytes(static_cast<int64_t>(rate)) + "/s  " +
         format_duration(std::chrono::seconds(time)) + " left";
}

std::string format_duration(std::chrono::seconds time) {
  const auto all = static_cast<long long>(time.count());
  if (all < 60) return std::to_string(all) + " s";
  char text[32];
  if (all < 3600) {
    std::snprintf(text, sizeof text, "%lld:%02lld", all / 60, all % 60);
  } else {
    std::snprintf(text, sizeof text, "%lld:%02lld:%02lld", all / 3600, all / 60 % 60, all % 60);
  }
  return text;
}

}  // namespace ferrum::cli
