#include "weights/http/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "support/http_server.h"
#include "support/scoped_variable.h"

namespace ferrum {
namespace {

using namespace std::chrono_literals;
using test::HttpServer;
using test::ScopedVariable;
using test::ServerReply;
using test::ServerRequest;
using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;

ServerReply text(std::string body) {
  ServerReply reply;
  reply.body = std::move(body);
  return reply;
}

ServerReply redirect(const std::string& location, int status = 302) {
  ServerReply reply;
  reply.status = status;
  reply.headers = {{"Location", location}};
  reply.body = "moved";
  return reply;
}

HttpRequest get(const std::string& url, HttpHeaders headers = {}) {
  HttpRequest request;
  request.url = url;
  request.headers = std::move(headers);
  return request;
}

constexpr HttpLimits kHasty{.connect_timeout = 500ms, .idle_timeout = 200ms};

// The error of a request; fails the test where there is none.
HttpError error_of(HttpClient& client, const HttpRequest& request, const HttpLimits& limits = {},
                   const HttpSink& sink = {}) {
  try {
    client.send(request, limits, {}, sink);
  } catch (const HttpError& error) {
    return error;
  }
  ADD_FAILURE() << "no error";
  return HttpError("", "", false);
}

TEST(HttpClientTest, SendsAndReceives) {
  HttpServer server([](const ServerRequest& request) {
    ServerReply reply = text(request.method + " " + request.target + " " + request.body);
    reply.headers = {{"X-Thing", "here"}};
    return reply;
  });
  HttpClient client;
  const HttpResponse response = client.send(get(server.url("/a%20b/../c?d=e")));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "GET /a%20b/../c?d=e ");
  EXPECT_EQ(*response.headers.find("x-thing"), "here");
  EXPECT_EQ(response.final_url, server.url("/a%20b/../c?d=e"));

  HttpRequest post = get(server.url("/p"), {{"X-Empty", ""}, {"X-Key", "v"}});
  post.method = "POST";
  post.body = "content";
  EXPECT_EQ(client.send(post).body, "POST /p content");
  HttpRequest head = get(server.url("/h"));
  head.method = "HEAD";
  EXPECT_EQ(client.send(head).body, "");

  const std::vector<ServerRequest> requests = server.requests();
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(*requests[0].header("Accept-Encoding"), "identity");
  EXPECT_EQ(*requests[1].header("X-Empty"), "");
  EXPECT_EQ(*requests[1].header("X-Key"), "v");
  EXPECT_EQ(requests[2].method, "HEAD");
  EXPECT_EQ(requests[2].connection, 0) << "one connection serves requests in a row";
}

TEST(HttpClientTest, AFreshConnectionOnRequest) {
  HttpServer server([](const ServerRequest&) { return text("x"); });
  HttpClient client;
  HttpRequest request = get(server.url("/"));
  client.send(request);
  request.fresh_connection = true;
  client.send(request);
  EXPECT_EQ(server.requests()[1].connection, 1);
}

TEST(HttpClientTest, TheSinkTakesSuccessfulBodiesAlone) {
  HttpServer server([](const ServerRequest& request) {
    ServerReply reply = text(std::string(3 << 20, 'x'));
    if (request.path() == "/missing") reply = text("not here"), reply.status = 404;
    return reply;
  });
  HttpClient client;
  size_t taken = 0;
  const HttpSink sink = [&](const HttpResponse& head, std::span<const std::byte> piece) {
    EXPECT_EQ(head.status, 200);
    taken += piece.size();
  };
  EXPECT_EQ(client.send(get(server.url("/")), {}, {}, sink).body, "");
  EXPECT_EQ(taken, size_t{3} << 20);
  const HttpResponse missing = client.send(get(server.url("/missing?key=secret")), {}, {}, sink);
  EXPECT_EQ(missing.body, "not here");
  const Error error = status_error("reading it", missing);
  EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  EXPECT_THAT(error.message(), AllOf(HasSubstr("404"), Not(HasSubstr("secret"))));

  const HttpSink stops = [](const HttpResponse&, std::span<const std::byte>) {
    throw std::runtime_error("enough");
  };
  EXPECT_THROW(client.send(get(server.url("/")), {}, {}, stops), std::runtime_error);
  EXPECT_THAT(error_of(client, get(server.url("/"))).message(), HasSubstr("longer than"));
}

TEST(HttpClientTest, RedirectsWithinTheOriginKeepHeaders) {
  HttpServer server([](const ServerRequest& request) {
    return request.path() == "/a/b" ? redirect("c?x=1", 307) : text("end");
  });
  HttpClient client;
  HttpRequest request = get(server.url("/a/b"), {{"Authorization", "Bearer t"}});
  const HttpResponse response = client.send(request);
  EXPECT_EQ(response.body, "end");
  EXPECT_EQ(response.final_url, server.url("/a/c?x=1"));
  EXPECT_EQ(*server.requests()[1].header("Authorization"), "Bearer t");

  request.redirects = Redirects::kNone;
  EXPECT_EQ(client.send(request).status, 307);
}

TEST(HttpClientTest, AChangeOfOriginLeavesAllSecretsBehind) {
  HttpServer other([](const ServerRequest&) { return text("end"); });
  HttpServer server([&](const ServerRequest&) { return redirect(other.url("/x")); });
  HttpClient client;
  HttpRequest request = get(server.url("/"), {{"Authorization", "Bearer t"},
                                              {"Cookie", "c"},
                                              {"X-Api-Key", "k"},
                                              {"x-amz-security-token", "s"},
                                              {"Range", "bytes=0-1"}});
  EXPECT_EQ(client.send(request).body, "end");
  const ServerRequest seen = other.requests().at(0);
  for (const char* name : {"Authorization", "Cookie", "X-Api-Key", "x-amz-security-token"}) {
    EXPECT_EQ(seen.header(name), nullptr) << name;
    EXPECT_NE(server.requests()[0].header(name), nullptr) << name;
  }
  EXPECT_EQ(*seen.header("Range"), "bytes=0-1");

  request.redirects = Redirects::kSameOrigin;
  EXPECT_EQ(client.send(request).status, 302);
  EXPECT_EQ(other.requests().size(), 1u);
}

TEST(HttpClientTest, BadRedirectsAreRefused) {
  HttpServer server([](const ServerRequest& request) {
    const std::string_view path = request.path();
    if (path == "/file") return redirect("file:///etc/passwd");
    if (path == "/broken") return redirect("http://");
    if (path == "/loop") return redirect("/loop2");
    if (path == "/loop2") return redirect("/loop");
    return redirect(std::string(path) + "x");
  });
  HttpClient client;
  EXPECT_THAT(error_of(client, get(server.url("/file"))).message(), HasSubstr("no URL of http"));
  EXPECT_THAT(error_of(client, get(server.url("/broken"))).message(), HasSubstr("no URL of http"));
  EXPECT_THAT(error_of(client, get(server.url("/loop"))).message(), HasSubstr("circle"));
  server.forget_requests();
  EXPECT_THAT(error_of(client, get(server.url("/x"))).message(), HasSubstr("more redirects"));
  EXPECT_EQ(server.requests().size(), 9u);
  EXPECT_FALSE(error_of(client, get(server.url("/loop"))).is_transient());
}

TEST(HttpClientTest, NoSecretOfTheUrlIsInAnError) {
  int port;
  {
    HttpServer gone([](const ServerRequest&) { return text(""); });
    port = gone.port();
  }
  HttpClient client;
  const HttpError error = error_of(
      client, get("http://user:pass@127.0.0.1:" + std::to_string(port) + "/a?sig=f00"));
  EXPECT_TRUE(error.is_transient());
  EXPECT_THAT(error.what(), AllOf(HasSubstr("/a"), Not(HasSubstr("f00")), Not(HasSubstr("pass")),
                                  Not(HasSubstr("user"))));
  EXPECT_THROW(client.send(get("ftp://host/x")), Error);
}

TEST(HttpClientTest, BodiesThatAreNotWhatTheyClaim) {
  HttpServer server([](const ServerRequest& request) {
    ServerReply reply = text("0123456789");
    if (request.path() == "/short") reply.claimed_length = 20;
    if (request.path() == "/gzip") reply.headers = {{"Content-Encoding", "gzip"}};
    if (request.path() == "/cut") reply.cut_after = 30;
    if (request.path() == "/chunked") {
      reply.headers = {{"Transfer-Encoding", "chunked"}};
      reply.body = "5\r\n01234\r\n5\r\n5678";
      reply.cut_body_after = 17;
    }
    return reply;
  });
  HttpClient client;
  EXPECT_TRUE(error_of(client, get(server.url("/short"))).is_transient());
  EXPECT_TRUE(error_of(client, get(server.url("/cut"))).is_transient());
  EXPECT_TRUE(error_of(client, get(server.url("/chunked"))).is_transient());
  const HttpError gzip = error_of(client, get(server.url("/gzip")));
  EXPECT_THAT(gzip.message(), HasSubstr("compressed"));
  EXPECT_FALSE(gzip.is_transient());
}

TEST(HttpClientTest, HeadsAreBounded) {
  HttpServer server([](const ServerRequest& request) {
    ServerReply reply;
    const bool is_long = request.path() == "/long";
    for (int i = 0; i < (is_long ? 10 : 300); ++i) {
      reply.headers.emplace_back("X-H", std::string(is_long ? 10'000 : 1, 'x'));
    }
    return reply;
  });
  HttpClient client;
  EXPECT_THAT(error_of(client, get(server.url("/long"))).message(), HasSubstr("more headers"));
  EXPECT_THAT(error_of(client, get(server.url("/many"))).message(), HasSubstr("more headers"));
}

TEST(HttpClientTest, SlowServersAreLeft) {
  HttpServer server([](const ServerRequest& request) {
    ServerReply reply = text(std::string(1000, 'x'));
    if (request.path() == "/silent") reply.delay = 10s;
    if (request.path() == "/head") reply.per_byte = 50ms;
    if (request.path() == "/body") reply.per_body_byte = 50ms;
    return reply;
  });
  HttpClient client;
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THAT(error_of(client, get(server.url("/silent")), kHasty).message(),
              HasSubstr("nothing came for 200 ms"));
  EXPECT_THAT(error_of(client, get(server.url("/head")), kHasty).message(),
              HasSubstr("nothing came for 200 ms"));
  const HttpError body = error_of(client, get(server.url("/body")), kHasty);
  EXPECT_THAT(body.message(),
              AnyOf(HasSubstr("less than 1 KiB/s"), HasSubstr("nothing came for 200 ms")));
  EXPECT_TRUE(body.is_transient());
  EXPECT_LT(std::chrono::steady_clock::now() - start, 8s);
}

TEST(HttpClientTest, AStopEndsAWaitingRequest) {
  HttpServer server([](const ServerRequest&) {
    ServerReply reply;
    reply.delay = 60s;
    return reply;
  });
  HttpClient client;
  std::stop_source stop;
  std::jthread later([&] {
    while (server.requests().empty()) std::this_thread::yield();
    stop.request_stop();
  });
  try {
    client.send(get(server.url("/")), {}, stop.get_token());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCancelled);
  }
}

TEST(HttpClientTest, CertificatesAreVerified) {
  const std::string folder = FERRUM_SOURCE_DIR "/tests/data/tls/";
  HttpServer server([](const ServerRequest&) { return redirect("http://127.0.0.1/"); },
                    {.certificate = folder + "server.crt", .private_key = folder + "server.key"});
  const ScopedVariable none("CURL_CA_BUNDLE", "");
  HttpClient client;
  const HttpError unknown = error_of(client, get(server.url("/")));
  EXPECT_FALSE(unknown.is_transient());
  EXPECT_THAT(unknown.hint(), HasSubstr("SSL_CERT_FILE"));
  EXPECT_TRUE(server.requests().empty());

  const ScopedVariable bundle("SSL_CERT_FILE", folder + "server.crt");
  const HttpError downgrade = error_of(client, get(server.url("/")));
  EXPECT_THAT(downgrade.message(), HasSubstr("from https to http"));
}

}  // namespace
}  // namespace ferrum
