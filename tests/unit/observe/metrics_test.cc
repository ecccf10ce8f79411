// SPDX-License-Identifier: Apache-2.0
//
// Metrics keep the names, types and labels that dashboards and alerts are made for.
#include "host/observe/metrics.h"

#include <string>
#include <utility>

#include "tests/support/matchers.h"

namespace dsw {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

/// The value of a series, as "name{label=\"value\"}"; empty when it is not there.
std::string ValueOf(const Metrics& metrics, const std::string& series) {
  const std::string text = "\n" + metrics.Render();
  const std::size_t at = text.find("\n" + series + " ");
  if (at == std::string::npos) return "";
  const std::size_t begin = at + series.size() + 2;
  return text.substr(begin, text.find('\n', begin) - begin);
}

TEST(MetricsTest, HaveTheDocumentedNamesAndTypes) {
  Metrics metrics("worker-datasets");
  metrics.JobStarted();
  metrics.JobEnded(DeliveryOutcome::kRetried, Code::kTimeout, seconds(1), 1, 1);
  metrics.EmbedCall("openai", Code::kTimeout, seconds(1), 1);
  metrics.UpsertCall("qdrant", Code::kTimeout, seconds(1), 1);
  metrics.EmbedWait("openai", WaitReason::kPace, seconds(1));
  metrics.EmbedCircuit("openai", true);
  metrics.EmbedConcurrency("openai", 8);
  const std::string text = metrics.Render();
  const std::pair<const char*, const char*> documented[] = {
      {"dataset_transform_jobs_total", "counter"},
      {"dataset_transform_duration_seconds", "histogram"},
      {"dataset_transform_active_jobs", "gauge"},
      {"dataset_transform_batches_processed", "histogram"},
      {"dataset_transform_chunks_embedded", "histogram"},
      {"embedder_api_calls_total", "counter"},
      {"embedder_api_duration_seconds", "histogram"},
      {"embedder_chunks_per_call", "histogram"},
      {"embedder_api_errors_total", "counter"},
      {"dsw_embedder_wait_seconds_total", "counter"},
      {"dsw_embedder_circuit_open", "gauge"},
      {"dsw_embedder_concurrency_limit", "gauge"},
      {"qdrant_upload_total", "counter"},
      {"qdrant_upload_duration_seconds", "histogram"},
      {"qdrant_vectors_per_batch", "histogram"},
      {"qdrant_errors_total", "counter"},
      {"worker_ready", "gauge"},
      {"worker_active_jobs", "gauge"},
      {"worker_job_retries_total", "counter"},
      {"worker_job_failures_total", "counter"},
  };
  for (const auto& [name, type] : documented) {
    EXPECT_NE(text.find(std::string("# TYPE ") + name + " " + type + "\n"), std::string::npos)
        << name;
    EXPECT_NE(text.find(std::string("# HELP ") + name + " "), std::string::npos) << name;
  }
}

TEST(MetricsTest, AreThereBeforeAnythingHappens) {
  const Metrics metrics("w");
  EXPECT_EQ(ValueOf(metrics, "dataset_transform_jobs_total{status=\"success\"}"), "0");
  EXPECT_EQ(ValueOf(metrics, "dataset_transform_jobs_total{status=\"failure\"}"), "0");
  EXPECT_EQ(ValueOf(metrics, "dataset_transform_active_jobs"), "0");
  EXPECT_EQ(ValueOf(metrics, "worker_ready{worker=\"w\"}"), "0");
  EXPECT_EQ(ValueOf(metrics, "worker_active_jobs{worker=\"w\"}"), "0");
  EXPECT_EQ(ValueOf(metrics, "worker_job_retries_total{worker=\"w\"}"), "0");
}

TEST(MetricsTest, FollowAJobToItsEnd) {
  Metrics metrics("w");
  metrics.JobStarted();
  metrics.JobStarted();
  EXPECT_EQ(ValueOf(metrics, "dataset_transform_active_jobs"), "2");
  EXPECT_EQ(ValueOf(metrics, "worker_active_jobs{worker=\"w\"}"), "2");
  metrics.JobEnded(DeliveryOutcome::kSuccess, std::nullopt, seconds(2), 3, 250);
  EXPECT_EQ(ValueOf(metrics, "dataset_transform_active_jobs"), "1");
  EXPECT_EQ(ValueOf(metrics, "dataset_transform_jobs_total{status=\"success\"}"), "1");
  EXPECT_EQ(ValueOf(metrics, "dataset_transform_duration_seconds_sum"), "2");
  EXPECT_EQ(ValueOf(metrics, "dataset_transform_duration_seconds_count"), "1");
  EXPECT_EQ(ValueOf(metrics, "dataset_transform_batches_processed_sum"), "3");
  EXPECT_EQ(ValueOf(metrics, "dataset_transform_chunks_embedded_sum"), "250");
}

TEST(MetricsTest, TellRetriesFromFailuresAndFromHandingBack) {
  Metrics metrics("w");
  for (const DeliveryOutcome outcome :
       {DeliveryOutcome::kRetried, DeliveryOutcome::kDeadLettered, DeliveryOutcome::kHandedBack}) {
    metrics.JobStarted();
    metrics.JobEnded(outcome, Code::kRateLimited, seconds(1), 0, 0);
  }
  EXPECT_EQ(ValueOf(metrics, "worker_job_retries_total{worker=\"w\"}"), "1");
  EXPECT_EQ(ValueOf(metrics, "worker_job_failures_total{error_type=\"rate_limited\",worker=\"w\"}"),
            "2");
  EXPECT_EQ(ValueOf(metrics, "worker_dead_letters_total{error_type=\"rate_limited\",worker=\"w\"}"),
            "1");
  EXPECT_EQ(ValueOf(metrics, "worker_jobs_handed_back_total{worker=\"w\"}"), "1");
  EXPECT_EQ(ValueOf(metrics, "dataset_transform_jobs_total{status=\"failure\"}"), "1");
  EXPECT_EQ(ValueOf(metrics, "dataset_transform_jobs_total{status=\"success\"}"), "0");
  EXPECT_EQ(ValueOf(metrics, "dataset_transform_active_jobs"), "0");
}

TEST(MetricsTest, CountEachCallToAnEmbedder) {
  Metrics metrics("w");
  metrics.EmbedCall("openai", std::nullopt, milliseconds(500), 100);
  metrics.EmbedCall("openai", Code::kTimeout, seconds(60), 100);
  EXPECT_EQ(ValueOf(metrics, "embedder_api_calls_total{provider=\"openai\",status=\"success\"}"),
            "1");
  EXPECT_EQ(ValueOf(metrics, "embedder_api_calls_total{provider=\"openai\",status=\"failure\"}"),
            "1");
  EXPECT_EQ(ValueOf(metrics, "embedder_api_duration_seconds_sum{provider=\"openai\"}"), "60.5");
  EXPECT_EQ(ValueOf(metrics, "embedder_chunks_per_call_sum{provider=\"openai\"}"), "200");
  EXPECT_EQ(
      ValueOf(metrics, "embedder_api_errors_total{error_type=\"timeout\",provider=\"openai\"}"),
      "1");
}

TEST(MetricsTest, CountUpsertsOfAnySinkAndOfQdrantUnderItsOwnNamesToo) {
  Metrics metrics("w");
  metrics.UpsertCall("sqlite", Code::kUnavailable, seconds(1), 100);
  EXPECT_EQ(ValueOf(metrics, "vector_sink_upload_total{sink=\"sqlite\",status=\"failure\"}"), "1");
  EXPECT_EQ(
      ValueOf(metrics, "vector_sink_errors_total{error_type=\"unavailable\",sink=\"sqlite\"}"),
      "1");
  EXPECT_EQ(ValueOf(metrics, "qdrant_upload_duration_seconds_count"), "0");
  metrics.UpsertCall("qdrant", std::nullopt, seconds(2), 50);
  EXPECT_EQ(ValueOf(metrics, "vector_sink_vectors_per_batch_sum{sink=\"qdrant\"}"), "50");
  EXPECT_EQ(ValueOf(metrics, "qdrant_upload_total{status=\"success\"}"), "1");
  EXPECT_EQ(ValueOf(metrics, "qdrant_upload_duration_seconds_sum"), "2");
  EXPECT_EQ(ValueOf(metrics, "qdrant_vectors_per_batch_sum"), "50");
  EXPECT_THAT(metrics.Render(), Not(HasSubstr("qdrant_errors_total{")));
}

TEST(MetricsTest, CountChunksAndPlugins) {
  Metrics metrics("w");
  metrics.ChunksFailed(3);
  metrics.SetPlugins(4, 1);
  metrics.SetReady(true);
  EXPECT_EQ(ValueOf(metrics, "dataset_transform_chunks_failed_total"), "3");
  EXPECT_EQ(ValueOf(metrics, "worker_plugins{state=\"loaded\"}"), "4");
  EXPECT_EQ(ValueOf(metrics, "worker_plugins{state=\"refused\"}"), "1");
  EXPECT_EQ(ValueOf(metrics, "worker_ready{worker=\"w\"}"), "1");
}

TEST(MetricsTest, LookAtPluginsProcesses) {
  Metrics metrics("w");
  metrics.SetPluginProcesses([] {
    return std::vector<PluginProcessState>{{"io.acme", "quarantined", 20, 1000}};
  });
  EXPECT_EQ(ValueOf(metrics, "worker_plugin_process_memory_bytes{plugin=\"io.acme\"}"), "1000");
  EXPECT_EQ(ValueOf(metrics, "worker_plugin_process_restarts_total{plugin=\"io.acme\"}"), "20");
  const std::string state = "worker_plugin_process_state{plugin=\"io.acme\",state=\"";
  EXPECT_EQ(ValueOf(metrics, state + "running\"}"), "0");
  EXPECT_EQ(ValueOf(metrics, state + "quarantined\"}"), "1");
}

TEST(MetricsTest, KnowTheProcess) {
  const Metrics metrics("w");
  for (const char* name : {"process_resident_memory_bytes", "process_virtual_memory_bytes",
                           "process_open_fds", "process_threads", "process_start_time_seconds"}) {
    const std::string value = ValueOf(metrics, name);
    ASSERT_FALSE(value.empty()) << name;
    EXPECT_GT(std::stod(value), 0) << name;
  }
  EXPECT_FALSE(ValueOf(metrics, "process_cpu_seconds_total").empty());
}

}  // namespace
}  // namespace dsw
