#include "weights/http/curl_transfer.h"

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <optional>

#include "weights/http/url.h"

namespace ferrum {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kMaxHeaders = 256;
constexpr int64_t kMaxHeaderBytes = 64 << 10;

using HeaderList = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

// A transfer as its callbacks see it.
class Transfer {
 public:
  Transfer(const HttpRequest& request, const HttpLimits& limits, std::stop_token stop,
           const HttpSink& sink)
      : request_(request), limits_(limits), stop_(std::move(stop)), sink_(sink),
        shown_url_(redact_url(request.url)), sent_headers_(nullptr, &curl_slist_free_all) {}

  void set_up(CURL* easy);
  HttpResponse run(CURLM* multi, CURL* easy);

 private:
  static size_t on_header(char* data, size_t, size_t bytes, void* self);
  static size_t on_body(char* data, size_t, size_t bytes, void* self);
  void take_header(std::string_view line);
  void take_body(std::string_view piece);
  void check_pace(CURL* easy);
  void check_encoding() const;
  [[noreturn]] void fail(CURLcode code) const;
  [[noreturn]] void fail(const std::string& what, bool is_transient) const {
    throw HttpError(request_.method + " " + shown_url_ + ": " + what, "", is_transient);
  }
  // Runs a callback's work; an exception waits in `error_` until libcurl has returned.
  template <class F>
  bool guard(F&& work) noexcept try {
    work();
    return true;
  } catch (...) {
    error_ = std::current_exception();
    return false;
  }

  const HttpRequest& request_;
  const HttpLimits& limits_;
  std::stop_token stop_;
  const HttpSink& sink_;
  std::string shown_url_;
  HeaderList sent_headers_;
  char detail_[CURL_ERROR_SIZE] = {};

  HttpResponse response_;
  int64_t header_count_ = 0;
  int64_t header_bytes_ = 0;
  bool head_ended_ = false;
  bool body_began_ = false;
  std::exception_ptr error_;

  std::optional<Clock::time_point> sent_at_;
  Clock::time_point last_byte_;
  Clock::duration in_sink_{};
  int64_t received_ = 0;
};

void Transfer::set_up(CURL* easy) {
  const auto set = [easy](CURLoption option, auto value) {
    if (curl_easy_setopt(easy, option, value) != CURLE_OK) {
      throw Error(ErrorCode::kInternal, "libcurl refuses option " + std::to_string(option));
    }
  };
  set(CURLOPT_URL, request_.url.c_str());
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});  // a connection's share is its own
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limits_.connect_timeout.count()));
  set(CURLOPT_BUFFERSIZE, 256L << 10);
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(CURLOPT_USERAGENT, "ferrum");
  set(CURLOPT_ERRORBUFFER, detail_);
  set(CURLOPT_FRESH_CONNECT, request_.fresh_connection ? 1L : 0L);
  if (request_.direct) set(CURLOPT_PROXY, "");
  for (const char* variable : {"CURL_CA_BUNDLE", "SSL_CERT_FILE"}) {
    if (const char* bundle = std::getenv(variable); bundle && *bundle) {
      set(CURLOPT_CAINFO, bundle);
      break;
    }
  }

  if (request_.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else {
    set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  }
  if (!request_.body.empty()) {
    set(CURLOPT_POSTFIELDS, request_.body.data());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
  }

  const auto add = [&](const std::string& line) {
    curl_slist* longer = curl_slist_append(sent_headers_.get(), line.c_str());
    if (!longer) throw Error(ErrorCode::kResourceExhausted, "no memory for the headers");
    (void)sent_headers_.release();
    sent_headers_.reset(longer);
  };
  add("Accept-Encoding: identity");
  add("Expect:");  // no pause before a body
  for (const auto& [name, value] : request_.headers.fields()) {
    check_header_field(name, value);
    add(value.empty() ? name + ";" : name + ": " + value);
  }
  set(CURLOPT_HTTPHEADER, sent_headers_.get());

  set(CURLOPT_HEADERFUNCTION, &on_header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(CURLOPT_WRITEFUNCTION, &on_body);
  set(CURLOPT_WRITEDATA, static_cast<void*>(this));
}

size_t Transfer::on_header(char* data, size_t, size_t bytes, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  return transfer.guard([&] { transfer.take_header({data, bytes}); }) ? bytes : bytes + 1;
}

size_t Transfer::on_body(char* data, size_t, size_t bytes, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  return transfer.guard([&] { transfer.take_body({data, bytes}); }) ? bytes : bytes + 1;
}

void Transfer::take_header(std::string_view line) {
  received_ += static_cast<int64_t>(line.size());
  last_byte_ = Clock::now();
  header_bytes_ += static_cast<int64_t>(line.size());
  if (++header_count_ > kMaxHeaders || header_bytes_ > kMaxHeaderBytes) {
    fail("the response has more headers than are read (256, 64 KiB)", false);
  }
  if (body_began_) return;  // trailers of a chunked body
  if (const auto status = parse_status_line(line)) {  // also after a 1xx response
    response_.status = *status;
    response_.headers.clear();
    head_ended_ = false;
  } else if (auto field = parse_header_line(line)) {
    response_.headers.add(std::move(field->first), std::move(field->second));
  } else if (line == "\r\n" || line == "\n") {
    head_ended_ = true;
  } else {
    fail("a line of the response is no header", false);
  }
}

void Transfer::check_encoding() const {
  const std::string* encoding = response_.headers.find("Content-Encoding");
  if (encoding && !encoding->empty() && *encoding != "identity") {
    fail("the server sent the body compressed although it was asked for as it is", false);
  }
}

void Transfer::take_body(std::string_view piece) {
  const bool is_success = response_.status >= 200 && response_.status < 300;
  if (!body_began_ && is_success) check_encoding();
  body_began_ = true;
  received_ += static_cast<int64_t>(piece.size());
  if (sink_ && is_success) {
    const Clock::time_point start = Clock::now();
    sink_(response_, std::as_bytes(std::span(piece)));
    in_sink_ += Clock::now() - start;
  } else {
    if (static_cast<int64_t>(response_.body.size() + piece.size()) > limits_.max_body) {
      fail("the body is longer than the " + std::to_string(limits_.max_body) +
           " bytes that are read of it", false);
    }
    response_.body += piece;
  }
  last_byte_ = Clock::now();
}

void Transfer::check_pace(CURL* easy) {
  curl_off_t before_send = 0;
  curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &before_send);
  if (before_send == 0) return;  // connecting, whose timeout is libcurl's
  if (!sent_at_) sent_at_ = last_byte_ = Clock::now();
  const Clock::time_point now = Clock::now();
  if (now - last_byte_ > limits_.idle_timeout) {
    fail("nothing came for " + std::to_string(limits_.idle_timeout.count()) + " ms", true);
  }
  const auto allowed = 2 * limits_.idle_timeout + std::chrono::seconds(received_ >> 10);
  if (now - *sent_at_ - in_sink_ > allowed) {
    fail("the response came at less than 1 KiB/s", true);
  }
}

HttpResponse Transfer::run(CURLM* multi, CURL* easy) {
  if (curl_multi_add_handle(multi, easy) != CURLM_OK) {
    throw Error(ErrorCode::kInternal, "libcurl takes no further transfer");
  }
  struct Remover {
    CURLM* multi;
    CURL* easy;
    ~Remover() { curl_multi_remove_handle(multi, easy); }
  } remover{multi, easy};
  const std::stop_callback wake(stop_, [multi] { curl_multi_wakeup(multi); });

  for (int running = 1;;) {
    curl_multi_perform(multi, &running);
    if (error_) std::rethrow_exception(error_);
    if (!running) break;
    if (stop_.stop_requested()) {
      throw Error(ErrorCode::kCancelled, request_.method + " " + shown_url_ + " was stopped");
    }
    check_pace(easy);
    const int64_t wait = std::clamp<int64_t>(limits_.idle_timeout.count() / 4, 1, 1000);
    curl_multi_poll(multi, nullptr, 0, static_cast<int>(wait), nullptr);
  }

  int left = 0;
  const CURLMsg* message = curl_multi_info_read(multi, &left);
  if (!message) throw Error(ErrorCode::kInternal, "libcurl ended a transfer without a result");
  if (message->data.result != CURLE_OK) fail(message->data.result);
  if (!head_ended_) fail("the response ends within its head", true);  // which libcurl accepts
  response_.final_url = request_.url;
  return std::move(response_);
}

void Transfer::fail(CURLcode code) const {
  // The text in `detail_` of these names hosts and certificates alone, never a whole URL.
  const bool detailed = detail_[0] && (code == CURLE_COULDNT_CONNECT ||
                                       code == CURLE_COULDNT_RESOLVE_HOST ||
                                       code == CURLE_PEER_FAILED_VERIFICATION ||
                                       code == CURLE_SSL_CONNECT_ERROR);
  const std::string what = detailed ? detail_ : curl_easy_strerror(code);
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      throw HttpError(request_.method + " " + shown_url_ + ": " + what,
                      "name the file of trusted certificates in SSL_CERT_FILE", false);
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      fail(what, false);
    default:
      fail(what, true);
  }
}

void start_libcurl() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

}  // namespace

CurlHandle::CurlHandle() {
  start_libcurl();
  multi_ = curl_multi_init();
  easy_ = curl_easy_init();
  if (multi_ && easy_) return;
  curl_easy_cleanup(easy_);
  if (multi_) curl_multi_cleanup(multi_);
  throw Error(ErrorCode::kResourceExhausted, "libcurl has no memory for a connection");
}

CurlHandle::~CurlHandle() {
  curl_easy_cleanup(easy_);
  curl_multi_cleanup(multi_);
}

HttpResponse CurlHandle::send(const HttpRequest& request, const HttpLimits& limits,
                              std::stop_token stop, const HttpSink& sink) {
  Transfer transfer(request, limits, std::move(stop), sink);
  struct Forgetter {  // the handle outlives the transfer that its options point to
    CURL* easy;
    ~Forgetter() { curl_easy_reset(easy); }
  } forgetter{easy_};
  transfer.set_up(easy_);
  return transfer.run(multi_, easy_);
}

}  // namespace ferrum
