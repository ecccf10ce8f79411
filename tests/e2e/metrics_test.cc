// SPDX-License-Identifier: Apache-2.0
//
// What orchestrators and Prometheus see of a worker that ran a job.
#include <regex>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include "tests/e2e/world.h"

namespace dsw {
namespace {

using testing::HasSubstr;

class MetricsTest : public testing::Test {
 protected:
  /// Where the worker listens, as its log says.
  int Port() {
    const std::regex pattern("metrics_port=(\\d+)");
    std::smatch match;
    std::string log;
    Eventually([&] {
      log = world_.Log();
      return std::regex_search(log, match, pattern);
    });
    return match.empty() ? 0 : std::stoi(match[1]);
  }

  World world_;
};

TEST_F(MetricsTest, AJobShowsInTheMetricsOfTheSpecification) {
  const std::int64_t transform = world_.ImportItems("counted", 5, 10);
  Process worker = world_.StartWorker();
  const Output watched =
      world_.Run({"submit", "--transform", std::to_string(transform), "--watch"});
  ASSERT_TRUE(watched.status.ok()) << watched.err << world_.Log();

  httplib::Client client("127.0.0.1", Port());
  const auto metrics = client.Get("/metrics");
  ASSERT_TRUE(metrics) << world_.Log();
  for (const char* line : {
           "dataset_transform_jobs_total{status=\"success\"} 1",
           "dataset_transform_active_jobs 0",
           "dataset_transform_duration_seconds_count 1",
           "dataset_transform_chunks_embedded_sum 50",
           "embedder_api_calls_total{provider=\"test\",status=\"success\"} 1",
           "embedder_chunks_per_call_sum{provider=\"test\"} 50",
           "worker_active_jobs{worker=\"worker-datasets\"} 0",
       }) {
    EXPECT_THAT(metrics->body, HasSubstr(line));
  }
}

TEST_F(MetricsTest, ReadinessNamesWhatIsMissing) {
  Process worker = world_.StartWorker();
  httplib::Client client("127.0.0.1", Port());
  httplib::Result ready{nullptr, httplib::Error::Unknown};
  EXPECT_TRUE(Eventually([&] {
    ready = client.Get("/readyz");
    return ready && ready->status == 200;
  })) << world_.Log();

  world_.postgres().Stop();
  EXPECT_TRUE(Eventually([&] {
    ready = client.Get("/readyz");
    return ready && ready->status == 503;
  }));
  EXPECT_THAT(ready->body, HasSubstr("postgresql"));
  const auto live = client.Get("/livez");
  ASSERT_TRUE(live);
  EXPECT_EQ(live->status, 200) << "a worker without its database is to be waited for, not killed";

  world_.postgres().Start();
  EXPECT_TRUE(Eventually([&] {
    ready = client.Get("/readyz");
    return ready && ready->status == 200;
  }));
}

}  // namespace
}  // namespace dsw
