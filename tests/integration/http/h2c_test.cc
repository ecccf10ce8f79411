// SPDX-License-Identifier: Apache-2.0
//
// HTTP/2 without TLS, as gRPC servers speak it.
#include <atomic>

#include "tests/integration/http/client_fixture.h"
#include "tests/integration/http/h2c_server.h"

namespace dsw {
namespace {

using std::chrono::milliseconds;

class H2cTest : public HttpClientTest {
 protected:
  static H2Reply Ok(const H2Request& request) {
    return {.body = request.body, .trailers = {{"grpc-status", "0"}, {"grpc-message", "fine"}}};
  }
  Answer PostH2(const std::string& url, std::string_view body, CallOptions options = {}) {
    options.http2 = true;
    options.headers = {{"content-type", "application/grpc"}, {"te", "trailers"}};
    return Post(url, body, options);
  }
};

TEST_F(H2cTest, GivesTrailers) {
  H2cServer server(Ok);
  ASSERT_OK_AND_ASSIGN(const auto response, PostH2(server.Url("/s/m"), "message"));
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body(), "message");
  EXPECT_EQ(Find(response->trailers, "grpc-status"), "0");
  EXPECT_EQ(Find(response->trailers, "grpc-message"), "fine");
  EXPECT_EQ(Find(response->headers, "grpc-status"), "");
}

TEST_F(H2cTest, UsesTheConnectionAgain) {
  H2cServer server(Ok);
  const std::string body(1'000'000, 'x');
  for (int i = 0; i < 20; ++i) {
    ASSERT_OK_AND_ASSIGN(const auto response, PostH2(server.Url("/s/m"), body));
    EXPECT_TRUE(response->body() == body);
    EXPECT_EQ(Find(response->trailers, "grpc-status"), "0");
  }
  EXPECT_EQ(server.connection_count(), 1u);
}

TEST_F(H2cTest, SharesOneConnectionBetweenManyCalls) {
  H2cServer server([](const H2Request& request) {
    H2Reply reply = Ok(request);
    reply.delay = milliseconds(20);
    return reply;
  });
  AtOnce(64, [&](int i) {
    const std::string body = std::to_string(i) + std::string(20'000, 'x');
    for (int round = 0; round < 3; ++round) {
      const auto response = PostH2(server.Url("/s/m"), body);
      ASSERT_OK(response);
      EXPECT_TRUE((*response)->body() == body);
      EXPECT_EQ(Find((*response)->trailers, "grpc-status"), "0");
    }
  });
  EXPECT_EQ(server.connection_count(), 1u);
  EXPECT_EQ(server.request_count(), 192u);
}

TEST_F(H2cTest, OpensFurtherConnectionsWhenStreamsRunOut) {
  H2cServer server(
      [](const H2Request& request) {
        H2Reply reply = Ok(request);
        reply.delay = milliseconds(20);
        return reply;
      },
      4);
  ASSERT_OK(PostH2(server.Url("/s/m"), "first"));
  AtOnce(16, [&](int i) {
    for (int round = 0; round < 3; ++round) {
      EXPECT_OK(PostH2(server.Url("/s/m"), std::to_string(i)));
    }
  });
  EXPECT_EQ(server.request_count(), 49u);
}

TEST_F(H2cTest, SendsStreamsOnceMoreThatWereRefusedBeforeTheLimitWasKnown) {
  H2cServer server(Ok, 1, milliseconds(20));
  AtOnce(8, [&](int i) {
    for (int round = 0; round < 3; ++round) {
      EXPECT_OK(PostH2(server.Url("/s/m"), std::to_string(i)));
    }
  });
  EXPECT_EQ(server.request_count(), 24u);
}

TEST_F(H2cTest, OpensAnewWhenTheServerHasClosed) {
  H2cServer server(Ok);
  for (std::size_t i = 1; i <= 3; ++i) {
    ASSERT_OK_AND_ASSIGN(const auto response, PostH2(server.Url("/s/m"), "message"));
    EXPECT_EQ(response->body(), "message");
    EXPECT_EQ(server.connection_count(), i);
    server.CloseConnections();
  }
}

TEST_F(H2cTest, SendsOnceMoreWhenTheConnectionDiesUnderCalls) {
  std::atomic<bool> drop = false;
  H2cServer server([&drop](const H2Request& request) {
    H2Reply reply = Ok(request);
    reply.drop_connection = drop.exchange(false);
    return reply;
  });
  ASSERT_OK(PostH2(server.Url("/s/m"), "first"));
  for (int round = 0; round < 5; ++round) {
    drop = true;
    AtOnce(8, [&](int) { EXPECT_OK(PostH2(server.Url("/s/m"), "message")); });
  }
}

TEST_F(H2cTest, SendsOnlyOnceMore) {
  std::atomic<bool> drop = false;
  H2cServer server([&drop](const H2Request& request) {
    H2Reply reply = Ok(request);
    reply.drop_connection = drop;
    return reply;
  });
  ASSERT_OK(PostH2(server.Url("/s/m"), "first"));
  drop = true;
  EXPECT_FAIL(PostH2(server.Url("/s/m"), "message"), Code::kUnavailable, "127.0.0.1");
  EXPECT_EQ(server.request_count(), 3u);
}

TEST_F(H2cTest, CancelsOneStreamAndKeepsTheOthers) {
  H2cServer server([](const H2Request& request) {
    H2Reply reply = Ok(request);
    if (request.path == "/hang") reply.delay = std::chrono::hours(1);
    return reply;
  });
  ASSERT_OK(PostH2(server.Url("/s/m"), "first"));
  EXPECT_FAIL(PostH2(server.Url("/hang"), "message", {.timeout = milliseconds(100)}),
              Code::kTimeout, "timeout after 0.1s");
  EXPECT_OK(PostH2(server.Url("/s/m"), "third"));
  EXPECT_EQ(server.connection_count(), 1u);
}

TEST_F(H2cTest, WaitersShareTheReasonOfAConnectionThatCannotBeOpened) {
  std::string url;
  {
    H2cServer gone(Ok);
    url = gone.Url("/s/m");
  }
  AtOnce(8, [&](int) {
    EXPECT_FAIL(PostH2(url, "message"), Code::kUnavailable, "connection refused");
  });
}

TEST_F(H2cTest, SaysThatAServerSpeaksOnlyHttp1) {
  RawHttpServer server(Echo);
  const Answer answer = PostH2(server.Url("/s/m"), "message");
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, testing::HasSubstr("HTTP/2"));
}

TEST_F(H2cTest, SaysThatAPortIsNotForHttp1) {
  H2cServer server(Ok);
  EXPECT_FAIL(Post(server.Url("/collections"), "{}"), Code::kBadResponse, "gRPC");
}

}  // namespace
}  // namespace dsw
