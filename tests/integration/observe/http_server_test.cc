// SPDX-License-Identifier: Apache-2.0
//
// The pages for orchestrators and Prometheus, asked over a socket.
#include "host/observe/http_server.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <httplib.h>
#include <nlohmann/json.hpp>

#include "host/base/secret.h"
#include "tests/support/matchers.h"

namespace dsw {
namespace {

using testing::HasSubstr;
using testing::Not;
using Json = nlohmann::json;

class HttpServerTest : public testing::Test {
 protected:
  static HttpServerOptions AnyPort() { return {.address = "127.0.0.1", .port = 0}; }

  static httplib::Result Get(const HttpServer& server, const char* path) {
    return httplib::Client("127.0.0.1", server.port()).Get(path);
  }

  using Findings = std::vector<ReadinessReport::Finding>;
  static std::function<ReadinessReport()> Report(Findings findings) {
    return [findings = std::move(findings)] {
      const bool ready = std::all_of(findings.begin(), findings.end(), [](const auto& finding) {
        return finding.status.has_value();
      });
      return ReadinessReport{.ready = ready, .findings = findings};
    };
  }

  Metrics metrics_{"worker-datasets"};
};

TEST_F(HttpServerTest, IsAliveWhateverItsChecksSay) {
  ASSERT_OK_AND_ASSIGN(
      const auto server,
      HttpServer::Start(AnyPort(), metrics_,
                        Report({{"never", Status(Fail(Code::kUnavailable, "no"))}})));
  for (const char* path : {"/livez", "/healthz"}) {
    const auto answer = Get(*server, path);
    ASSERT_TRUE(answer) << path;
    EXPECT_EQ(answer->status, 200) << path;
    EXPECT_EQ(Json::parse(answer->body).at("status"), "ok") << path;
  }
}

TEST_F(HttpServerTest, IsReadyWhenAllChecksPass) {
  ASSERT_OK_AND_ASSIGN(
      const auto server,
      HttpServer::Start(AnyPort(), metrics_, Report({{"nats", {}}, {"postgresql", {}}})));
  const auto answer = Get(*server, "/readyz");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  const Json body = Json::parse(answer->body);
  EXPECT_EQ(body.at("status"), "ready");
  EXPECT_EQ(body.at("checks"), Json::parse(R"([{"name":"nats","status":"ok"},
                                               {"name":"postgresql","status":"ok"}])"));
}

TEST_F(HttpServerTest, NamesTheCheckThatFailsWithoutItsSecrets) {
  RememberSecret("hunter22-http");
  ASSERT_OK_AND_ASSIGN(
      const auto server,
      HttpServer::Start(
          AnyPort(), metrics_,
          Report({{"nats", {}},
                  {"postgresql", Status(Fail(Code::kUnavailable, "hunter22-http was refused"))}})));
  const auto answer = Get(*server, "/readyz");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 503);
  const Json body = Json::parse(answer->body);
  EXPECT_EQ(body.at("status"), "not ready");
  EXPECT_EQ(body.at("checks").at(1),
            Json::parse(R"({"name":"postgresql","status":"failed","code":"unavailable",
                            "error":"*** was refused"})"));
}

TEST_F(HttpServerTest, ServesMetrics) {
  ASSERT_OK_AND_ASSIGN(const auto server, HttpServer::Start(AnyPort(), metrics_, Report({})));
  const auto answer = Get(*server, "/metrics");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_THAT(answer->get_header_value("Content-Type"), HasSubstr("text/plain; version=0.0.4"));
  EXPECT_THAT(answer->body, HasSubstr("# TYPE dataset_transform_jobs_total counter"));
}

TEST_F(HttpServerTest, AnswersWhileAClientSaysNothing) {
  ASSERT_OK_AND_ASSIGN(const auto server, HttpServer::Start(AnyPort(), metrics_, Report({})));
  // One that keeps its connection for the next question, as Prometheus does, holds no thread.
  std::vector<std::unique_ptr<httplib::Client>> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(std::make_unique<httplib::Client>("127.0.0.1", server->port()));
    clients.back()->set_keep_alive(true);
    const auto answer = clients.back()->Get("/livez");
    ASSERT_TRUE(answer) << i;
    EXPECT_EQ(answer->get_header_value("Connection"), "close");
  }
}

TEST_F(HttpServerTest, NamesItsPagesForOtherPaths) {
  ASSERT_OK_AND_ASSIGN(const auto server, HttpServer::Start(AnyPort(), metrics_, Report({})));
  const auto answer = Get(*server, "/nothing");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 404);
  EXPECT_THAT(answer->body, HasSubstr("/readyz"));
}

TEST_F(HttpServerTest, SaysThatAPortIsTaken) {
  ASSERT_OK_AND_ASSIGN(const auto first, HttpServer::Start(AnyPort(), metrics_, Report({})));
  const auto second =
      HttpServer::Start({.address = "127.0.0.1", .port = first->port()}, metrics_, Report({}));
  EXPECT_FAIL(
      second, Code::kInvalid,
      fmt::format("cannot listen on 127.0.0.1:{}: Address already in use; set", first->port()));
}

TEST_F(HttpServerTest, SaysThatAnAddressIsNotHere) {
  EXPECT_FAIL(HttpServer::Start({.address = "not an address", .port = 0}, metrics_, Report({})),
              Code::kInvalid, "cannot listen on not an address:0: ");
}

TEST_F(HttpServerTest, CanBeEndedAtOnce) {
  for (int i = 0; i < 20; ++i) ASSERT_OK(HttpServer::Start(AnyPort(), metrics_, Report({})));
}

TEST_F(HttpServerTest, DoesWhatCommandsAskFor) {
  std::vector<HttpAction> actions;
  actions.push_back({.path = "/say", .changes = true, .run = [](const std::string& argument) {
                       return Result<std::string>("{\"said\":\"" + argument + "\"}");
                     }});
  actions.push_back({.path = "/fail", .changes = false, .run = [](const std::string&) {
                       return Result<std::string>(Fail(Code::kNotFound, "there is none"));
                     }});
  ASSERT_OK_AND_ASSIGN(const auto server,
                       HttpServer::Start(AnyPort(), metrics_, Report({}), std::move(actions)));
  const HttpServerOptions where{.address = "0.0.0.0", .port = server->port()};
  ASSERT_OK_AND_ASSIGN(const std::string said,
                       AskServer(where, {.path = "/say", .changes = true, .argument = "hello"}));
  EXPECT_EQ(Json::parse(said).at("said"), "hello");
  EXPECT_FAIL(AskServer(where, {.path = "/fail"}), Code::kNotFound, "there is none");
  EXPECT_FAIL(AskServer(where, {.path = "/say"}), Code::kNotFound) << "which is no question";
}

TEST_F(HttpServerTest, IsMissedByCommandsWhenThereIsNone) {
  const int port = [this] {
    return (*HttpServer::Start(AnyPort(), metrics_, Report({})))->port();
  }();
  EXPECT_FAIL(AskServer({.address = "127.0.0.1", .port = port}, {.path = "/say"}),
              Code::kUnavailable, "127.0.0.1");
}

}  // namespace
}  // namespace dsw
