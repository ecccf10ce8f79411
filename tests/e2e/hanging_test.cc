// SPDX-License-Identifier: Apache-2.0
//
// Servers and plugins that never answer: the worker says so, and ends when it is told to.
#include <csignal>
#include <regex>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include "tests/e2e/world.h"

namespace dsw {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

/// WORKER_SHUTDOWN_TIMEOUT_SECS, what the worker has after it, and what a busy machine takes.
constexpr seconds kPatience{3};
constexpr seconds kGone = kPatience + seconds(2) + seconds(10);

class HangingTest : public testing::Test {
 protected:
  HangingTest() {
    world_.Set("WORKER_SHUTDOWN_TIMEOUT_SECS", std::to_string(kPatience.count()));
    world_.Set("METRICS_PORT", std::to_string(port_));
  }

  bool LogHas(const std::string& words) { return world_.Log().find(words) != std::string::npos; }
  int CountInLog(const std::string& words) {
    const std::string log = world_.Log();
    int count = 0;
    for (auto at = log.find(words); at != std::string::npos; at = log.find(words, at + 1)) ++count;
    return count;
  }
  /// The page's status, and its body; 0 for no answer in a second.
  int Get(const char* path, std::string* body = nullptr) const {
    httplib::Client client("127.0.0.1", port_);
    client.set_read_timeout(seconds(1));
    const auto answer = client.Get(path);
    if (answer && body != nullptr) *body = answer->body;
    return answer ? answer->status : 0;
  }
  std::int64_t Recorded() {
    return std::stoll(
        world_.Sql("SELECT coalesce(sum(chunk_count), 0) FROM dataset_transform_batches"));
  }

  World world_;
  const int port_ = FreePort();
};

TEST_F(HangingTest, ADatabaseThatStopsInMidJobHoldsUpNeitherAnswersNorTheEnd) {
  const std::int64_t transform =
      world_.ImportItems("frozen", 100, 10, world_.CountConfig(R"("delay_ms":50)"));
  world_.Sql("UPDATE embedders SET batch_size = 10");
  world_.Submit(transform);
  Process worker = world_.StartWorker();
  ASSERT_TRUE(Eventually([&] { return Recorded() >= 50; })) << world_.Log();

  world_.postgres().Freeze();
  std::string body;
  EXPECT_TRUE(Eventually([&] { return Get("/readyz", &body) == 503; })) << world_.Log();
  EXPECT_THAT(body, HasSubstr("postgresql"));
  for (const char* path : {"/livez", "/healthz", "/metrics"}) EXPECT_EQ(Get(path), 200) << path;
  EXPECT_TRUE(LogHas("part=postgresql")) << world_.Log();

  worker.Signal(SIGTERM);
  EXPECT_TRUE(worker.Wait(kGone)) << world_.Log();
  world_.postgres().Thaw();

  ASSERT_EQ(world_.RunUntilIdle(), 0) << world_.Log();
  EXPECT_EQ(world_.PointIds(transform), world_.ExpectedPointIds(transform));
}

TEST_F(HangingTest, ACallThatNeverReturnsIsSaidAndDoesNotKeepTheWorker) {
  world_.Set("EMBEDDER_TIMEOUT", "1");
  const std::int64_t transform = world_.ImportItems("deaf", 1, 1, R"({"deaf":true})");
  const std::string job = world_.Submit(transform);
  Process worker = world_.StartWorker();
  ASSERT_TRUE(Eventually([&] { return LogHas("a call into a plugin is stuck"); })) << world_.Log();
  std::string body;
  EXPECT_TRUE(Eventually([&] { return Get("/readyz", &body) == 503; })) << body;
  EXPECT_THAT(body, HasSubstr("test: embed for job " + job));

  worker.Signal(SIGTERM);
  const std::optional<ExitStatus> status = worker.Wait(kGone);
  ASSERT_TRUE(status) << world_.Log();
  EXPECT_EQ(status->code, 1);
  EXPECT_TRUE(LogHas("shutting down takes too long")) << world_.Log();
}

TEST_F(HangingTest, ASecondSignalEndsItAtOnce) {
  world_.Set("WORKER_SHUTDOWN_TIMEOUT_SECS", "3600");
  const std::int64_t transform = world_.ImportItems("deaf", 1, 1, R"({"deaf":true})");
  world_.Submit(transform);
  Process worker = world_.StartWorker();
  ASSERT_TRUE(Eventually([&] { return LogHas("serving jobs"); })) << world_.Log();
  worker.Signal(SIGTERM);
  ASSERT_TRUE(Eventually([&] { return LogHas("shutting down"); })) << world_.Log();
  worker.Signal(SIGTERM);
  EXPECT_TRUE(worker.Wait(seconds(30))) << world_.Log();
}

TEST_F(HangingTest, APluginThatHangsWhileItIsLoadedDoesNotKeepTheWorker) {
  world_.AddPlugin(DSW_HOSTILE_HANGS);
  Process worker = world_.StartWorker();
  ASSERT_TRUE(Eventually([&] { return LogHas("plugin loaded"); })) << world_.Log();
  worker.Signal(SIGTERM);
  const std::optional<ExitStatus> status = worker.Wait(kGone);
  ASSERT_TRUE(status) << world_.Log();
  EXPECT_EQ(status->code, 1);
  EXPECT_TRUE(LogHas("hostile_constructor_hangs.so: load")) << world_.Log();
}

TEST_F(HangingTest, WhatSomebodyHasToMendFirstEndsTheStartAtOnce) {
  const std::pair<std::string, std::string> cases[] = {
      {world_.postgres().Url("not_there"), "create it"},
      {world_.postgres().Url(world_.postgres().CreateDatabase()), "worker-datasets migrate"}};
  for (const auto& [url, words] : cases) {
    world_.Set("DATABASE_URL", url);
    const Output output = world_.Run({"run"});
    EXPECT_EQ(output.status.code, 1);
    EXPECT_THAT(output.err, HasSubstr(words));
    EXPECT_THAT(output.err, testing::Not(HasSubstr("trying again")));
  }
}

TEST_F(HangingTest, PluginsAreLoadedOnceWhileTheWorkerWaitsForItsServers) {
  world_.Set("DATABASE_URL", "postgresql://postgres@127.0.0.1:1/none");
  Process worker = world_.StartWorker();
  ASSERT_TRUE(Eventually([&] { return CountInLog("cannot start yet") >= 2; })) << world_.Log();
  EXPECT_EQ(CountInLog("plugin loaded"), 2) << world_.Log();
  worker.Signal(SIGTERM);
  const std::optional<ExitStatus> status = worker.Wait(kGone);
  ASSERT_TRUE(status) << world_.Log();
  EXPECT_EQ(status->code, 0);
}

}  // namespace
}  // namespace dsw
