// SPDX-License-Identifier: Apache-2.0
//
// A resolver that does not answer. This program has a getaddrinfo() of its own, which the libraries
// call as well.
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include <netdb.h>

#include "tests/integration/http/client_fixture.h"

namespace {

std::mutex resolver_mutex;
std::condition_variable resolver_changed;
int resolving = 0;
bool resolver_released = false;

}  // namespace

extern "C" int getaddrinfo(const char*, const char*, const addrinfo*, addrinfo**) {
  std::unique_lock lock(resolver_mutex);
  ++resolving;
  resolver_changed.notify_all();
  resolver_changed.wait(lock, [] { return resolver_released; });
  --resolving;
  resolver_changed.notify_all();
  return EAI_AGAIN;
}

namespace dsw {
namespace {

class ResolverTest : public HttpClientTest {
 protected:
  ~ResolverTest() override {
    std::unique_lock lock(resolver_mutex);
    resolver_released = true;
    resolver_changed.notify_all();
    resolver_changed.wait(lock, [] { return resolving == 0; });
  }
};

TEST_F(ResolverTest, OneThatDoesNotAnswerHoldsUpNeitherCancellationNorOtherCalls) {
  RawHttpServer server(Echo);
  std::stop_source source;
  std::optional<Answer> answer;
  std::jthread caller(
      [&] { answer = Post("http://host.example/", "{}", {.cancel = source.get_token()}); });
  {
    std::unique_lock lock(resolver_mutex);
    resolver_changed.wait(lock, [] { return resolving > 0; });
  }
  EXPECT_OK(Post(server.Url("/"), "{}"));
  source.request_stop();
  caller.join();
  EXPECT_FAIL(*answer, Code::kCancelled);
  EXPECT_OK(Post(server.Url("/"), "{}"));
}

}  // namespace
}  // namespace dsw
