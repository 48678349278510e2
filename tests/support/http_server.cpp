#include "support/http_server.h"

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <list>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace ferrum::test {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Socket = asio::ip::tcp::socket;
using TlsStream = beast::ssl_stream<Socket&>;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr size_t kPiece = 64 << 10;

std::string head_text(const ServerReply& reply, int64_t length) {
  const auto status = static_cast<http::status>(reply.status);
  std::string text = "HTTP/1.1 " + std::to_string(reply.status) + " " +
                     std::string(http::obsolete_reason(status)) + "\r\n";
  bool has_length = reply.status == 204 || reply.status == 304;
  for (const auto& [name, value] : reply.headers) {
    text += name + ": " + value + "\r\n";
    has_length |= beast::iequals(name, "Content-Length") ||
                  beast::iequals(name, "Transfer-Encoding");
  }
  if (!has_length) {
    text += "Content-Length: " + std::to_string(reply.claimed_length.value_or(length)) + "\r\n";
  }
  return text + "\r\n";
}

// The end of a connection that a reply asks for.
struct Cut {};

}  // namespace

std::string_view ServerRequest::query() const {
  const size_t mark = target.find('?');
  return mark == target.npos ? std::string_view() : std::string_view(target).substr(mark + 1);
}

const std::string* ServerRequest::header(std::string_view name) const {
  for (const auto& [field, value] : headers) {
    if (beast::iequals(field, {name.data(), name.size()})) return &value;
  }
  return nullptr;
}

class HttpServer::Impl {
 public:
  Impl(ServerHandler handler, Options options)
      : handler_(std::move(handler)), options_(std::move(options)),
        acceptor_(context_, {asio::ip::address_v4::loopback(), 0}) {
    if (is_tls()) {
      tls_.use_certificate_chain_file(options_.certificate);
      tls_.use_private_key_file(options_.private_key, asio::ssl::context::pem);
    }
    accept_next();
    accepting_ = std::jthread([this] { context_.run(); });
  }

  ~Impl() {
    context_.stop();
    accepting_.join();
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
      for (Connection& connection : connections_) {
        if (!connection.is_done) ::shutdown(connection.socket.native_handle(), SHUT_RDWR);
      }
    }
    wake_.notify_all();
    connections_.clear();  // joins
  }

  bool is_tls() const { return !options_.certificate.empty(); }
  int port() const { return acceptor_.local_endpoint().port(); }

  std::vector<ServerRequest> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  void forget_requests() {
    const std::lock_guard lock(mutex_);
    requests_.clear();
  }
  int64_t bytes_sent() const { return bytes_sent_; }

 private:
  struct Connection {
    Socket socket;
    bool is_done = false;  // its socket is closed, its thread ends
    std::jthread thread;
  };

  void accept_next() {
    acceptor_.async_accept([this](beast::error_code error, Socket socket) {
      if (error) return;
      socket.set_option(asio::ip::tcp::no_delay(true));
      const std::lock_guard lock(mutex_);
      connections_.remove_if([](const Connection& connection) { return connection.is_done; });
      Connection& added = connections_.emplace_back(Connection{std::move(socket), false, {}});
      added.thread = std::jthread([this, &added, number = accepted_++] { serve(added, number); });
      accept_next();
    });
  }

  void serve(Connection& connection, int number) {
    Socket& socket = connection.socket;
    try {
      if (is_tls()) {
        TlsStream stream(socket, tls_);
        stream.handshake(asio::ssl::stream_base::server);
        serve_requests(stream, number);
      } else {
        serve_requests(socket, number);
      }
    } catch (const Cut&) {
    } catch (const std::exception&) {  // the client left
    }
    const std::lock_guard lock(mutex_);  // a closed descriptor's number may name another file
    beast::error_code ignored;
    socket.shutdown(Socket::shutdown_both, ignored);
    socket.close(ignored);
    connection.is_done = true;
  }

  template <class Stream>
  void serve_requests(Stream& stream, int connection) {
    beast::flat_buffer buffer;
    for (;;) {
      http::request<http::string_body> parsed;
      http::read(stream, buffer, parsed);
      ServerRequest request;
      request.method = std::string(parsed.method_string());
      request.target = std::string(parsed.target());
      for (const auto& field : parsed) {
        request.headers.emplace_back(field.name_string(), field.value());
      }
      request.body = std::move(parsed.body());
      request.connection = connection;
      {
        const std::lock_guard lock(mutex_);
        request.number = static_cast<int>(requests_.size());
        requests_.push_back(request);
      }
      answer(stream, request, handler_(request));
    }
  }

  template <class Stream>
  void answer(Stream& stream, const ServerRequest& request, ServerReply reply) {
    sleep(reply.delay);
    const bool is_made = reply.generated.has_value();
    const int64_t length = is_made ? reply.generated->size : int64_t(reply.body.size());
    const std::string head = head_text(reply, length);
    int64_t left_until_cut = reply.cut_after.value_or(INT64_MAX);
    send(stream, head, left_until_cut, reply.per_byte);
    if (reply.cut_body_after) left_until_cut = *reply.cut_body_after;
    const milliseconds pause = std::max(reply.per_byte, reply.per_body_byte);
    std::string piece;
    for (int64_t offset = 0; request.method != "HEAD" && offset < length;) {
      piece.resize(static_cast<size_t>(std::min<int64_t>(length - offset, kPiece)));
      if (is_made) {
        reply.generated->fill(offset, piece);
      } else {
        piece = reply.body.substr(static_cast<size_t>(offset), piece.size());
      }
      send(stream, piece, left_until_cut, pause);
      offset += static_cast<int64_t>(piece.size());
    }
    if (left_until_cut <= 0 || (reply.claimed_length && *reply.claimed_length > length)) {
      throw Cut();
    }
  }

  template <class Stream>
  void send(Stream& stream, std::string_view bytes, int64_t& left_until_cut, milliseconds pause) {
    const bool is_cut = static_cast<int64_t>(bytes.size()) > left_until_cut;
    if (is_cut) bytes = bytes.substr(0, static_cast<size_t>(left_until_cut));
    left_until_cut -= static_cast<int64_t>(bytes.size());
    const size_t step = pause.count() ? 1 : kPiece;
    for (; !bytes.empty(); bytes.remove_prefix(std::min(step, bytes.size()))) {
      const std::string_view part = bytes.substr(0, step);
      const Clock::time_point start = Clock::now();
      bytes_sent_ += static_cast<int64_t>(part.size());  // before the client can have them
      asio::write(stream, asio::buffer(part.data(), part.size()));
      sleep(pause);
      if (options_.bytes_per_second) {
        const auto due = start + std::chrono::nanoseconds(static_cast<int64_t>(
                                     1e9 * static_cast<double>(part.size()) /
                                     static_cast<double>(options_.bytes_per_second)));
        sleep(std::chrono::duration_cast<milliseconds>(due - Clock::now()));
      }
    }
    if (is_cut) throw Cut();
  }

  void sleep(milliseconds time) {
    if (time.count() <= 0) return;
    std::unique_lock lock(mutex_);
    if (wake_.wait_for(lock, time, [this] { return stopped_; })) throw Cut();
  }

  const ServerHandler handler_;
  const Options options_;
  asio::io_context context_;
  asio::ip::tcp::acceptor acceptor_;
  asio::ssl::context tls_{asio::ssl::context::tls_server};

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stopped_ = false;
  std::vector<ServerRequest> requests_;
  std::atomic<int64_t> bytes_sent_{0};
  int accepted_ = 0;
  std::list<Connection> connections_;
  std::jthread accepting_;
};

HttpServer::HttpServer(ServerHandler handler, Options options)
    : impl_(std::make_unique<Impl>(std::move(handler), std::move(options))) {}
HttpServer::~HttpServer() = default;

std::string HttpServer::url(std::string_view path) const {
  return (impl_->is_tls() ? "https" : "http") + ("://127.0.0.1:" + std::to_string(port())) +
         std::string(path);
}
int HttpServer::port() const { return impl_->port(); }
std::vector<ServerRequest> HttpServer::requests() const { return impl_->requests(); }
int64_t HttpServer::bytes_sent() const { return impl_->bytes_sent(); }
void HttpServer::forget_requests() { impl_->forget_requests(); }

}  // namespace ferrum::test
