// SPDX-License-Identifier: Apache-2.0
//
// Deadlines, cancellation, and the end of a client.
#include <optional>
#include <thread>

#include <sys/socket.h>
#include <unistd.h>

#include "tests/integration/http/client_fixture.h"
#include "tests/support/loopback.h"

namespace dsw {
namespace {

using std::chrono::milliseconds;
using Fate = HttpReply::Fate;

/// Connections come to be, but nobody reads from them.
class SilentListener {
 public:
  std::string Url(const std::string& scheme) const {
    return scheme + "://127.0.0.1:" + std::to_string(listener_.port()) + "/";
  }
  /// Waits until a client has connected, which then stays unanswered.
  void Accept() {
    const int accepted = accept(listener_.socket(), nullptr, nullptr);
    if (accepted < 0) throw std::runtime_error("cannot accept");
    accepted_.push_back(std::shared_ptr<int>(new int(accepted), [](int* fd) {
      close(*fd);
      delete fd;
    }));
  }

 private:
  const LoopbackListener listener_;
  std::vector<std::shared_ptr<int>> accepted_;
};

class GivingUpTest : public HttpClientTest {
 protected:
  /// Cancels a call to `url` after `ready` has returned.
  void ExpectCancelled(const std::string& url, std::string_view body,
                       const std::function<void()>& ready) {
    std::stop_source source;
    std::optional<Answer> answer;
    std::jthread caller([&] { answer = Post(url, body, {.cancel = source.get_token()}); });
    ready();
    source.request_stop();
    caller.join();
    EXPECT_FAIL(*answer, Code::kCancelled, "cancelled");
  }
};

TEST_F(GivingUpTest, EndsAtTheDeadline) {
  RawHttpServer server([](const ReceivedRequest& request) {
    return HttpReply{.body = std::string(1000, 'x'),
                     .fate = request.path == "/body" ? Fate::kHangInBody : Fate::kHang,
                     .sent = 10};
  });
  for (const char* path : {"/", "/body"}) {
    EXPECT_FAIL(Post(server.Url(path), "{}", {.timeout = milliseconds(300)}), Code::kTimeout,
                server.Url() + ": timeout after 0.3s");
  }
  EXPECT_EQ(server.request_count(), 2u);
}

TEST_F(GivingUpTest, EndsAtOnceWhenTheDeadlineHasPassed) {
  RawHttpServer server(Echo);
  EXPECT_FAIL(Post(server.Url("/"), "{}", {.timeout = milliseconds(-1)}), Code::kTimeout);
  EXPECT_EQ(server.request_count(), 0u);
}

TEST_F(GivingUpTest, TheDeadlineHoldsForCallsThatWaitForAConnection) {
  client_ = Make({.max_connections_per_host = 1});
  RawHttpServer server([](const ReceivedRequest&) { return HttpReply{.fate = Fate::kHang}; });
  std::stop_source source;
  std::jthread first([&] {
    EXPECT_FAIL(Post(server.Url("/"), "{}", {.cancel = source.get_token()}), Code::kCancelled);
  });
  ASSERT_TRUE(server.WaitForRequests(1));
  EXPECT_FAIL(Post(server.Url("/"), "{}", {.timeout = milliseconds(100)}), Code::kTimeout);
  source.request_stop();
}

TEST_F(GivingUpTest, TheTimeToConnectHasALimitOfItsOwn) {
  client_ = Make({.connect_timeout = milliseconds(200)});
  SilentListener listener;
  EXPECT_FAIL(Post(listener.Url("https"), "{}"), Code::kUnavailable, "no answer within 0.2s");
}

TEST_F(GivingUpTest, IsCancelledBeforeItBegins) {
  RawHttpServer server(Echo);
  std::stop_source source;
  source.request_stop();
  EXPECT_FAIL(Post(server.Url("/"), "{}", {.cancel = source.get_token()}), Code::kCancelled);
  EXPECT_EQ(server.request_count(), 0u);
}

TEST_F(GivingUpTest, IsCancelledWhileItConnects) {
  SilentListener listener;
  ExpectCancelled(listener.Url("https"), "{}", [&] { listener.Accept(); });
}

TEST_F(GivingUpTest, IsCancelledWhileItSends) {
  SilentListener listener;
  ExpectCancelled(listener.Url("http"), std::string(50'000'000, 'x'), [&] { listener.Accept(); });
}

TEST_F(GivingUpTest, IsCancelledWhileItWaitsAndWhileItReceives) {
  for (const Fate fate : {Fate::kHang, Fate::kHangInBody}) {
    RawHttpServer server([fate](const ReceivedRequest&) {
      return HttpReply{.body = std::string(1'000'000, 'x'), .fate = fate, .sent = 500'000};
    });
    ExpectCancelled(server.Url("/"), "{}", [&] { ASSERT_TRUE(server.WaitForRequests(1)); });
  }
}

TEST_F(GivingUpTest, IsCancelledWhileItWaitsForAnHttp2Connection) {
  SilentListener listener;
  std::stop_source source;
  std::vector<std::jthread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      EXPECT_FAIL(Post(listener.Url("http"), "{}", {.http2 = true, .cancel = source.get_token()}),
                  Code::kCancelled);
    });
  }
  listener.Accept();
  source.request_stop();
}

TEST_F(GivingUpTest, CallsEndWithTheClient) {
  RawHttpServer server([](const ReceivedRequest&) { return HttpReply{.fate = Fate::kHang}; });
  std::vector<std::jthread> callers;
  HttpClient& client = *client_;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&client, url = server.Url("/")] {
      EXPECT_FAIL(Call(client, url, {}, {}), Code::kCancelled);
    });
  }
  ASSERT_TRUE(server.WaitForRequests(4));
  client_.reset();
}

}  // namespace
}  // namespace dsw
