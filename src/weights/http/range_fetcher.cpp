#include "weights/http/range_fetcher.h"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <random>

namespace ferrum {
namespace {

using std::chrono::milliseconds;

bool is_success(int status) { return status >= 200 && status < 300; }

bool is_transient(int status) {
  return status == 408 || status == 425 || status == 429 || (status >= 500 && status != 501);
}

// Throws kCancelled.
void pause(milliseconds time, std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, time, [] { return false; });
  if (stop.stop_requested()) throw Error(ErrorCode::kCancelled, "a download was stopped");
}

milliseconds backoff(const RetryPolicy& retries, int fruitless) {
  if (fruitless == 0) return milliseconds(0);
  thread_local std::minstd_rand random{std::random_device{}()};
  const int doublings = std::min(fruitless - 1, 20);
  const milliseconds full = std::min(retries.first_wait * (1 << doublings), retries.longest_wait);
  return milliseconds(
      std::uniform_int_distribution<int64_t>(full.count() / 2, full.count())(random));
}

std::string header_or_empty(const HttpResponse& head, std::string_view name) {
  const std::string* value = head.headers.find(name);
  return value ? *value : std::string();
}

std::optional<int64_t> content_length(const HttpResponse& head) {
  const std::string* value = head.headers.find("Content-Length");
  return value ? parse_decimal(*value) : std::nullopt;
}

std::string byte_range(int64_t first, int64_t last) {
  return "bytes=" + std::to_string(first) + "-" + std::to_string(last);
}

// Ends a transfer of which the head was enough.
struct Enough {};

}  // namespace

void RangeFetcher::throw_changed() const {
  throw Error(ErrorCode::kIo, name() + " changed while being read",
              "try again; what was read of it was dropped");
}

void RangeFetcher::throw_protocol(const std::string& what) const {
  throw Error(ErrorCode::kIo, "reading " + name() + ": " + what);
}

std::optional<Error> RangeFetcher::attempt(
    const Plan& plan, bool is_first, std::stop_token stop,
    std::optional<std::chrono::seconds>& retry_after) const {
  HttpRequest request = target_->request(plan.conditions());
  request.fresh_connection = !is_first;
  HttpResponse response;
  try {
    response = client_.send(request, limits_, stop, plan.sink);
  } catch (const HttpError& error) {
    if (!error.is_transient()) throw;
    if (plan.has_all()) return std::nullopt;
    target_->recover({});
    return error;
  }
  if (is_success(response.status)) {
    if (!plan.is_whole(response)) return Error(ErrorCode::kIo, name() + ": the body ended early");
    target_->learn(response);
    return std::nullopt;
  }
  if (response.status == 412 || (response.status == 416 && !plan.is_whole(response))) {
    throw_changed();
  }
  if (response.status == 416) return std::nullopt;
  const Error refusal = target_->refusal(response);
  if (!is_transient(response.status) && !target_->recover(response)) throw refusal;
  if (const std::string* wait = response.headers.find("Retry-After")) {
    retry_after = parse_retry_after(*wait, std::chrono::system_clock::now());
  }
  return refusal;
}

void RangeFetcher::attempt_until_whole(const Plan& plan, std::stop_token stop) const {
  int fruitless = 0;
  for (int attempts = 1;; ++attempts) {
    const int64_t before = plan.received();
    std::optional<std::chrono::seconds> retry_after;
    const auto why = attempt(plan, attempts == 1, stop, retry_after);
    if (!why) return;
    fruitless = plan.received() > before ? 0 : fruitless + 1;
    if (fruitless == retries_.fruitless_attempts || attempts == retries_.attempts) {
      throw Error(why->code(), why->message() + " (given up after " + std::to_string(attempts) +
                                   (attempts == 1 ? " attempt)" : " attempts)"), why->hint());
    }
    if (retry_after && *retry_after > retries_.longest_retry_after) {
      throw Error(why->code(), why->message() + ", and to be asked again in " +
                                   std::to_string(retry_after->count()) + " s", why->hint());
    }
    const milliseconds asked = retry_after.value_or(std::chrono::seconds(0));
    pause(std::max(backoff(retries_, fruitless), asked), stop);
  }
}

// Takes the version from the first response; false where its body is too long to be taken.
bool RangeFetcher::begin(const HttpResponse& head, int64_t wanted, int64_t largest_whole) {
  version_ = {};
  version_.etag = header_or_empty(head, "ETag");
  version_.last_modified = header_or_empty(head, "Last-Modified");
  if (head.status == 206) {
    const auto range = parse_content_range(header_or_empty(head, "Content-Range"));
    if (!range || !range->size ||
        range->range != std::pair(int64_t{0}, std::min(wanted, *range->size) - 1)) {
      throw_protocol("the server answers a range with another, or does not say which");
    }
    version_.size = *range->size;
    return true;
  }
  version_.takes_ranges = false;
  const auto length = content_length(head);
  version_.size = length.value_or(0);  // else as much as comes
  return version_.size <= largest_whole;
}

std::vector<std::byte> RangeFetcher::open(int64_t wanted, int64_t largest_whole,
                                          std::stop_token stop) {
  std::vector<std::byte> bytes;
  bool began = false;
  Plan plan;
  plan.received = [] { return 0; };  // a broken attempt counts for nothing: all is small
  plan.conditions = [&] {
    began = false;
    bytes.clear();
    return HttpHeaders{{"Range", byte_range(0, wanted - 1)}};
  };
  plan.sink = [&](const HttpResponse& head, std::span<const std::byte> piece) {
    if (!began && !begin(head, wanted, largest_whole)) throw Enough();
    began = true;
    bytes.insert(bytes.end(), piece.begin(), piece.end());
    const int64_t most = version_.takes_ranges ? std::min(wanted, version_.size) : largest_whole;
    if (static_cast<int64_t>(bytes.size()) > most) {
      throw_protocol(version_.takes_ranges
                         ? "the server sends more than the range"
                         : "the server gives neither ranges nor a length");
    }
  };
  plan.is_whole = [&](const HttpResponse& head) {
    if (head.status == 416) {  // of an empty object every range is past the end
      version_ = {0, header_or_empty(head, "ETag"), header_or_empty(head, "Last-Modified")};
      const auto range = parse_content_range(header_or_empty(head, "Content-Range"));
      if (!range || range->size != 0) throw_protocol("the server refuses the first range");
      return true;
    }
    if (!began) begin(head, wanted, largest_whole);
    const auto taken = static_cast<int64_t>(bytes.size());
    if (version_.takes_ranges) return taken == std::min(wanted, version_.size);
    if (!content_length(head)) version_.size = taken;
    return taken == version_.size;
  };
  try {
    attempt_until_whole(plan, stop);
  } catch (const Enough&) {
    bytes.clear();
  }
  return bytes;
}

HttpHeaders RangeFetcher::conditions(int64_t first, int64_t last) const {
  HttpHeaders result{{"Range", byte_range(first, last)}};
  const bool is_strong = version_.etag.starts_with('"');
  if (is_strong) result.add("If-Match", version_.etag);
  return result;
}

void RangeFetcher::check_same_object(const HttpResponse& head) const {
  const char* name_of_validator = version_.etag.empty() ? "Last-Modified" : "ETag";
  const std::string* now = head.headers.find(name_of_validator);
  if (now && *now != version_.validator()) throw_changed();
}

void RangeFetcher::check_part(const HttpResponse& head, int64_t first, int64_t last) const {
  check_same_object(head);
  if (head.status != 206) {
    const auto length = content_length(head);
    if (length && *length != version_.size) throw_changed();
    if (first == 0 && last == version_.size - 1) return;
    throw_protocol("the server sends the whole object although a range was asked for");
  }
  const auto range = parse_content_range(header_or_empty(head, "Content-Range"));
  if (range && range->size && *range->size != version_.size) throw_changed();
  if (!range || range->range != std::pair(first, last)) {
    throw_protocol("the server answers a range with another, or does not say which");
  }
}

void RangeFetcher::fetch(int64_t offset, std::span<std::byte> destination,
                         std::atomic<int64_t>& received, std::stop_token stop) const {
  const auto bytes = static_cast<int64_t>(destination.size());
  bool began = false;
  Plan plan;
  plan.received = [&] { return received.load(); };
  plan.conditions = [&] {
    began = false;
    return conditions(offset + received, offset + bytes - 1);
  };
  plan.sink = [&](const HttpResponse& head, std::span<const std::byte> piece) {
    const int64_t done = received;
    if (!began) check_part(head, offset + done, offset + bytes - 1);
    began = true;
    if (static_cast<int64_t>(piece.size()) > bytes - done) {
      throw_protocol("the server sends more than the range");
    }
    std::memcpy(destination.data() + done, piece.data(), piece.size());
    received = done + static_cast<int64_t>(piece.size());
  };
  plan.has_all = [&] { return received == bytes; };
  plan.is_whole = [&](const HttpResponse&) { return plan.has_all(); };
  attempt_until_whole(plan, stop);
}

void RangeFetcher::stream_whole(int64_t offset, int64_t bytes,
                                FunctionRef<void(std::span<const std::byte>)> sink,
                                std::stop_token stop) const {
  int64_t position = 0;         // in this response
  int64_t delivered = offset;   // up to here
  const int64_t end = offset + bytes;
  Plan plan;
  plan.received = [&] { return delivered; };
  plan.conditions = [&] {
    position = 0;
    return HttpHeaders();
  };
  plan.sink = [&](const HttpResponse& head, std::span<const std::byte> piece) {
    if (position == 0) {
      check_same_object(head);
      if (content_length(head).value_or(version_.size) != version_.size) throw_changed();
    }
    const auto piece_end = position + static_cast<int64_t>(piece.size());
    const int64_t until = std::min(piece_end, end);
    if (until > delivered) {
      sink(piece.subspan(static_cast<size_t>(delivered - position),
                         static_cast<size_t>(until - delivered)));
      delivered = until;
    }
    position = piece_end;
    if (delivered == end && end < version_.size) throw Enough();
  };
  plan.has_all = [&] { return delivered == end; };
  plan.is_whole = [&](const HttpResponse&) { return plan.has_all(); };
  try {
    attempt_until_whole(plan, stop);
  } catch (const Enough&) {
  }
}

}  // namespace ferrum
