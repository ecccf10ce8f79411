// SPDX-License-Identifier: Apache-2.0
//
// Servers that close, cut, reset or refuse, and how often a request is sent then.
#include <atomic>

#include <gmock/gmock.h>

#include "tests/integration/http/client_fixture.h"

namespace dsw {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;
using Fate = HttpReply::Fate;

class BrokenConnectionTest : public HttpClientTest {
 protected:
  /// A server that ends connections instead of answering from the second request on, for as many
  /// requests as `left` says.
  static RawHttpServer::Handler Breaking(std::atomic<int>& left, Fate fate) {
    return [&left, fate](const ReceivedRequest& request) {
      HttpReply reply = Echo(request);
      if (request.sequence > 1 && left.fetch_sub(1) > 0) reply.fate = fate;
      return reply;
    };
  }
};

TEST_F(BrokenConnectionTest, SaysThatTheConnectionIsRefused) {
  RawHttpServer server(Echo);
  server.Stop();
  const Answer answer = Post(server.Url("/path?key=hunter2"), "{}");
  EXPECT_FAIL(answer, Code::kUnavailable, "connection refused");
  EXPECT_THAT(answer.error().message, HasSubstr(server.Url()));
  EXPECT_THAT(answer.error().message, Not(HasSubstr("hunter2")));
}

TEST_F(BrokenConnectionTest, SaysThatAHostIsUnknown) {
  EXPECT_FAIL(Get("http://host.invalid/"), Code::kUnavailable, "http://host.invalid: no address");
}

TEST_F(BrokenConnectionTest, SendsOnceMoreWhenAnOldConnectionDies) {
  for (const Fate fate : {Fate::kClose, Fate::kReset}) {
    std::atomic<int> left = 1;
    RawHttpServer server(Breaking(left, fate));
    ASSERT_OK(Post(server.Url("/"), "first"));
    ASSERT_OK_AND_ASSIGN(const auto response, Post(server.Url("/"), "second"));
    EXPECT_EQ(response->body(), "second");
    EXPECT_EQ(server.request_count(), 3u);
  }
}

TEST_F(BrokenConnectionTest, SendsOnlyOnceMore) {
  for (const Fate fate : {Fate::kClose, Fate::kReset}) {
    std::atomic<int> left = 100;
    RawHttpServer server(Breaking(left, fate));
    ASSERT_OK(Post(server.Url("/"), "first"));
    EXPECT_FAIL(Post(server.Url("/"), "second"), Code::kUnavailable, "without an answer");
    EXPECT_EQ(server.request_count(), 3u);
  }
}

TEST_F(BrokenConnectionTest, SendsOnlyOnceMoreHoweverManyOldConnectionsThereAre) {
  std::atomic<bool> broken = false;
  RawHttpServer server([&broken](const ReceivedRequest& request) {
    HttpReply reply = Echo(request);
    reply.delay = milliseconds(50);
    if (broken) reply = {.fate = Fate::kClose};
    return reply;
  });
  AtOnce(8, [&](int) { EXPECT_OK(Post(server.Url("/"), "{}")); });
  broken = true;
  EXPECT_FAIL(Post(server.Url("/"), "{}"), Code::kUnavailable);
  EXPECT_EQ(server.request_count(), 10u);
}

TEST_F(BrokenConnectionTest, SendsOnceOnANewConnection) {
  for (const Fate fate : {Fate::kClose, Fate::kReset}) {
    RawHttpServer server([fate](const ReceivedRequest&) { return HttpReply{.fate = fate}; });
    EXPECT_FAIL(Post(server.Url("/"), "{}"), Code::kUnavailable, "does this port speak HTTP?");
    EXPECT_EQ(server.request_count(), 1u);
  }
}

TEST_F(BrokenConnectionTest, OpensAnewAfterTheServerClosedAnIdleConnection) {
  RawHttpServer server(Echo, {.keep_alive = milliseconds(1)});
  for (int i = 0; i < 20; ++i) ASSERT_OK(Post(server.Url("/"), std::string(100'000, 'x')));
  EXPECT_EQ(server.request_count(), 20u);
}

TEST_F(BrokenConnectionTest, DoesNotSendAgainAfterTheFirstByteOfAnAnswer) {
  std::atomic<int> left = 100;
  RawHttpServer server([&left](const ReceivedRequest& request) {
    HttpReply reply = {.body = std::string(100'000, 'x')};
    if (request.sequence > 1) {
      reply.fate = request.path == "/reset" ? Fate::kResetBody : Fate::kCutBody;
      reply.sent = 10'000;
    }
    return reply;
  });
  ASSERT_OK(Post(server.Url("/"), "{}"));
  EXPECT_FAIL(Post(server.Url("/cut"), "{}"), Code::kBadResponse, "cut short");
  EXPECT_EQ(server.request_count(), 2u);
  EXPECT_FAIL(Post(server.Url("/reset"), "{}"), Code::kUnavailable, "during its answer");
  EXPECT_EQ(server.request_count(), 3u);
}

TEST_F(BrokenConnectionTest, TakesAChunkedBodyWithoutItsEndForCut) {
  RawHttpServer server([](const ReceivedRequest&) {
    return HttpReply{
        .body = std::string(1000, 'x'), .chunked = true, .fate = Fate::kCutBody, .sent = 10};
  });
  EXPECT_FAIL(Post(server.Url("/"), "{}"), Code::kBadResponse, "cut short");
}

TEST_F(BrokenConnectionTest, ReportsAnAnswerThatCameBeforeTheBodyWasSent) {
  RawHttpServer server(
      Echo, {.early = [](const ReceivedRequest&, std::uint64_t size) -> std::optional<HttpReply> {
        if (size < 1'000'000) return std::nullopt;
        return HttpReply{.status = 413, .body = "at most 32 MB"};
      }});
  const std::string body(40'000'000, 'x');
  for (int i = 0; i < 20; ++i) {
    // On a new connection and on one that has served before.
    if (i % 2 == 1) {
      ASSERT_OK(Post(server.Url("/"), "small"));
    }
    ASSERT_OK_AND_ASSIGN(const auto response, Post(server.Url("/"), body));
    EXPECT_EQ(response->status, 413);
    EXPECT_EQ(response->body(), "at most 32 MB");
  }
}

TEST_F(BrokenConnectionTest, RefusesWhatCannotBeDecompressed) {
  RawHttpServer server([](const ReceivedRequest&) {
    return HttpReply{.headers = {{"Content-Encoding", "gzip"}}, .body = "plain"};
  });
  EXPECT_FAIL(Post(server.Url("/"), "{}"), Code::kBadResponse, "decompressed");
}

}  // namespace
}  // namespace dsw
