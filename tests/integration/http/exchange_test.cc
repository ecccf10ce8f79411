// SPDX-License-Identifier: Apache-2.0
//
// What is sent and what comes back.
#include <array>
#include <cctype>
#include <random>

#include <gmock/gmock.h>

#include "tests/integration/http/client_fixture.h"

namespace dsw {
namespace {

using testing::HasSubstr;
using testing::Not;

/// Text that no compression can make small.
std::string Noise(std::size_t size) {
  std::mt19937 random(7);
  std::string noise(size, '\0');
  for (char& c : noise) c = static_cast<char>('!' + random() % 90);
  return noise;
}

class ExchangeTest : public HttpClientTest {
 protected:
  ExchangeTest() : HttpClientTest({.user_agent = "worker-datasets/test"}) {}
};

TEST_F(ExchangeTest, SendsMethodTargetHeadersAndBody) {
  RawHttpServer server(Echo);
  ASSERT_OK_AND_ASSIGN(
      const auto response,
      Post(server.Url("/v1/embeddings?a=b"), "{\"x\":1}",
           {.method = "PUT",
            .headers = {{"Content-Type", "application/json"}, {"X-Key", "k"}, {"X-None", ""}}}));
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body(), "{\"x\":1}");
  const ReceivedRequest request = server.requests().at(0);
  EXPECT_EQ(request.method, "PUT");
  EXPECT_EQ(request.path, "/v1/embeddings");
  EXPECT_EQ(request.query, "a=b");
  EXPECT_EQ(request.header("content-type"), "application/json");
  EXPECT_EQ(request.header("content-length"), "7");
  EXPECT_EQ(request.header("x-key"), "k");
  EXPECT_EQ(request.header("user-agent"), "worker-datasets/test");
  EXPECT_THAT(std::string(request.header("accept-encoding")), HasSubstr("gzip"));
}

TEST_F(ExchangeTest, AddsNeitherAContentTypeNorExpect) {
  RawHttpServer server(Echo);
  ASSERT_OK(Post(server.Url("/"), Noise(3'000'000)));
  const ReceivedRequest request = server.requests().at(0);
  for (const auto& [name, value] : request.headers) {
    EXPECT_NE(name, "content-type");
    EXPECT_NE(name, "expect");
  }
}

TEST_F(ExchangeTest, SendsPiecesOneAfterAnother) {
  RawHttpServer server(Echo);
  const std::string large = Noise(1'500'000);
  const std::array<std::string_view, 5> pieces = {"[", large, "", ",", "]"};
  ASSERT_OK_AND_ASSIGN(const auto response, Call(*client_, server.Url("/"), pieces, {}));
  EXPECT_EQ(response->body(), "[" + large + ",]");
}

TEST_F(ExchangeTest, SendsAPostWithoutABody) {
  RawHttpServer server(Echo);
  ASSERT_OK_AND_ASSIGN(const auto response, Call(*client_, server.Url("/"), {}, {}));
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(server.requests().at(0).method, "POST");
  EXPECT_EQ(server.requests().at(0).header("content-length"), "0");
}

TEST_F(ExchangeTest, SendsOtherMethodsWithoutABody) {
  RawHttpServer server([](const ReceivedRequest&) { return HttpReply{.body = "body"}; });
  for (const std::string_view method : {"GET", "DELETE", "HEAD", "OPTIONS"}) {
    ASSERT_OK_AND_ASSIGN(const auto response,
                         Call(*client_, server.Url("/"), {}, {.method = method}));
    EXPECT_EQ(server.requests().back().method, method);
    EXPECT_EQ(response->body(), method == "HEAD" ? "" : "body");
  }
  EXPECT_EQ(server.connection_count(), 1u);
}

TEST_F(ExchangeTest, SendsAGetWithABody) {
  RawHttpServer server(Echo);
  ASSERT_OK_AND_ASSIGN(const auto response, Post(server.Url("/"), "{}", {.method = "GET"}));
  EXPECT_EQ(response->body(), "{}");
  EXPECT_EQ(server.requests().at(0).method, "GET");
}

TEST_F(ExchangeTest, PadsTheBodyWithZeroBytes) {
  const std::string large(700'000, 'x');
  RawHttpServer server([&large](const ReceivedRequest& request) {
    return HttpReply{.body = large.substr(0, std::stoul(request.body))};
  });
  // Buffers that are used again hold the bytes of longer bodies.
  for (const char* size : {"700000", "0", "600000", "1", "69999", "70000"}) {
    ASSERT_OK_AND_ASSIGN(const auto response, Post(server.Url("/"), size));
    const std::string_view body = response->body();
    ASSERT_EQ(body.size(), std::stoul(size));
    const std::string_view padding(body.data() + body.size(), HttpResponse::kBodyPadding);
    EXPECT_EQ(padding, std::string(HttpResponse::kBodyPadding, '\0'));
  }
}

TEST_F(ExchangeTest, ResponsesOutliveTheClient) {
  RawHttpServer server(Echo);
  const std::string large = Noise(500'000);
  ASSERT_OK_AND_ASSIGN(const auto response, Post(server.Url("/"), large));
  client_.reset();
  EXPECT_EQ(response->body(), large);
}

TEST_F(ExchangeTest, GivesHeadersInLowerCase) {
  RawHttpServer server([](const ReceivedRequest&) {
    return HttpReply{.status = 429, .headers = {{"Retry-After", "7"}, {"X-RateLimit-Reset", "1s"}}};
  });
  ASSERT_OK_AND_ASSIGN(const auto response, Post(server.Url("/"), ""));
  EXPECT_EQ(response->status, 429);
  EXPECT_EQ(Find(response->headers, "retry-after"), "7");
  EXPECT_EQ(Find(response->headers, "x-ratelimit-reset"), "1s");
}

TEST_F(ExchangeTest, ReadsChunkedAndCompressedBodies) {
  const std::string large = Noise(400'000) + std::string(600'000, 'x');
  RawHttpServer server([&large](const ReceivedRequest& request) {
    return HttpReply{.body = large,
                     .chunked = request.path.find("chunked") != std::string::npos,
                     .gzip = request.path.find("gzip") != std::string::npos};
  });
  for (const char* path : {"/chunked", "/gzip", "/chunked-gzip"}) {
    ASSERT_OK_AND_ASSIGN(const auto response, Get(server.Url(path)));
    EXPECT_TRUE(response->body() == large) << path;
  }
  EXPECT_LT(server.bytes_sent(), 2'000'000u);
}

TEST_F(ExchangeTest, RefusesABodyOverTheLimit) {
  RawHttpServer server([](const ReceivedRequest& request) {
    return HttpReply{.body = std::string(100'001, 'x'), .gzip = request.path == "/gzip"};
  });
  for (const char* path : {"/plain", "/gzip"}) {
    EXPECT_FAIL(Get(server.Url(path), {.max_response_bytes = 100'000}), Code::kBadResponse,
                "longer than 100000 bytes");
    EXPECT_OK(Get(server.Url(path), {.max_response_bytes = 100'001}));
  }
}

TEST_F(ExchangeTest, HasALimitOfItsOwnForBodies) {
  client_ = Make({.max_response_bytes = 1000});
  RawHttpServer server(Echo);
  EXPECT_FAIL(Post(server.Url("/"), Noise(1001)), Code::kBadResponse, "longer than 1000 bytes");
  EXPECT_OK(Post(server.Url("/"), Noise(1000)));
}

TEST_F(ExchangeTest, FollowsNoRedirect) {
  RawHttpServer server([](const ReceivedRequest&) {
    return HttpReply{.status = 307, .headers = {{"Location", "/elsewhere"}}};
  });
  ASSERT_OK_AND_ASSIGN(const auto response, Post(server.Url("/"), "{}"));
  EXPECT_EQ(response->status, 307);
  EXPECT_EQ(server.request_count(), 1u);
}

TEST_F(ExchangeTest, KeepsOneConnectionForCallsInARow) {
  RawHttpServer server(Echo);
  for (int i = 0; i < 10; ++i) ASSERT_OK(Post(server.Url("/"), "{}"));
  EXPECT_EQ(server.connection_count(), 1u);
}

TEST_F(ExchangeTest, RunsManyCallsAtATime) {
  RawHttpServer server([](const ReceivedRequest& request) {
    return HttpReply{.body = request.body, .delay = std::chrono::milliseconds(20)};
  });
  AtOnce(64, [&](int i) {
    const std::string body = std::to_string(i) + Noise(50'000);
    for (int round = 0; round < 3; ++round) {
      const auto response = Post(server.Url("/"), body);
      ASSERT_OK(response);
      EXPECT_TRUE((*response)->body() == body);
    }
  });
  EXPECT_EQ(server.request_count(), 192u);
  EXPECT_LE(server.connection_count(), 64u);
}

TEST_F(ExchangeTest, KeepsToTheLimitOfConnections) {
  client_ = Make({.max_connections_per_host = 2});
  RawHttpServer server(Echo);
  AtOnce(8, [&](int) { EXPECT_OK(Post(server.Url("/"), "{}")); });
  EXPECT_LE(server.connection_count(), 2u);
}

TEST_F(ExchangeTest, RefusesRequestsThatCannotBeMade) {
  EXPECT_FAIL(Get("ftp://host.example/"), Code::kInvalid, "https://");
  EXPECT_FAIL(Get("host.example/"), Code::kInvalid, "");
  const auto with_password = Get("http://user:hunter2@host.example/");
  EXPECT_FAIL(with_password, Code::kInvalid, "password");
  EXPECT_THAT(with_password.error().message, Not(HasSubstr("hunter2")));
  const auto with_break = Post("http://host.example/", "", {.headers = {{"k", "hunter2\r\nX: y"}}});
  EXPECT_FAIL(with_break, Code::kInvalid, "header k has a line break");
  EXPECT_THAT(with_break.error().message, Not(HasSubstr("hunter2")));
}

}  // namespace
}  // namespace dsw
