#pragma once
// A server of HTTP/1.1 on 127.0.0.1 inside the test: it answers as a handler says, faults included,
// and keeps what was asked.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ferrum::test {

struct ServerRequest {
  std::string method = "GET";
  std::string target = {};  // as sent: "/a%20b?c=d"
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  int number = 0;      // 0 for the first request that the server saw
  int connection = 0;  // 0 for the first connection

  std::string_view path() const { return std::string_view(target).substr(0, target.find('?')); }
  std::string_view query() const;                        // behind '?', or empty
  const std::string* header(std::string_view name) const;  // names have no case; null: none
};

struct ServerReply {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  // In place of `body`: the bytes of a body of `size`, made as they are sent.
  struct Generated {
    int64_t size = 0;
    std::function<void(int64_t offset, std::span<char> destination)> fill;
  };
  std::optional<Generated> generated;

  // Faults.
  std::optional<int64_t> claimed_length;  // Content-Length, whatever the body's is
  std::optional<int64_t> cut_after;       // the connection ends after so many bytes, head included
  std::optional<int64_t> cut_body_after;  // the same, of the body
  std::chrono::milliseconds delay{0};     // before the first byte
  std::chrono::milliseconds per_byte{0};  // dribbles: between two bytes, of the head too
  std::chrono::milliseconds per_body_byte{0};
};

using ServerHandler = std::function<ServerReply(const ServerRequest&)>;

class HttpServer {
 public:
  struct Options {
    int64_t bytes_per_second = 0;  // of each connection; 0: as fast as it goes
    // PEM files; both given: https.
    std::string certificate = {};
    std::string private_key = {};
  };

  // `handler` is called from the thread of each connection. Throws std::exception.
  explicit HttpServer(ServerHandler handler) : HttpServer(std::move(handler), Options()) {}
  HttpServer(ServerHandler handler, Options options);
  ~HttpServer();  // ends all connections

  // "http://127.0.0.1:port" + path.
  std::string url(std::string_view path) const;
  int port() const;
  std::vector<ServerRequest> requests() const;  // in the order in which they came
  int64_t bytes_sent() const;                   // heads and bodies
  void forget_requests();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// A file as servers offer it.
struct ServedFile {
  ServerReply::Generated content;
  std::string etag = "\"1\"";   // as sent; empty: none
  std::string last_modified;    // as sent; empty: none
  bool takes_ranges = true;

  static ServedFile of(std::string bytes);  // keeps them
  // `size` bytes, byte i of them being generated_byte(i): nothing is stored.
  static ServedFile of_size(int64_t size);
};
char generated_byte(int64_t offset);

// GET and HEAD with Range, If-Match, If-Range; 206, 412, 416.
ServerReply serve_file(const ServerRequest& request, const ServedFile& file);

// serve_file of the files below `folder`, which may change meanwhile; 404 for others. An entity tag
// stands for the content.
ServerHandler serve_folder(std::string folder);

}  // namespace ferrum::test
