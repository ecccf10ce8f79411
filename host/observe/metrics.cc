// SPDX-License-Identifier: Apache-2.0
#include "host/observe/metrics.h"

#include <sstream>
#include <vector>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "host/observe/process_metrics.h"

namespace dsw {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;
using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::Labels;
using prometheus::Registry;
using Buckets = Histogram::BucketBoundaries;

constexpr const char* kQdrant = "qdrant";

const Buckets& JobSeconds() {
  static const Buckets buckets = {0.1, 0.5, 1, 5, 15, 60, 300, 900, 1800, 3600};
  return buckets;
}
const Buckets& CallSeconds() {
  static const Buckets buckets = {0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                  0.5,   1,     2.5,  5,     10,   30,  60};
  return buckets;
}
const Buckets& Counts() {
  static const Buckets buckets = {1, 10, 50, 100, 250, 500, 1000, 2500};
  return buckets;
}
const Buckets& LargeCounts() {
  static const Buckets buckets = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000};
  return buckets;
}

Family<Counter>& AddCounter(Registry& registry, const char* name, const char* help) {
  return BuildCounter().Name(name).Help(help).Register(registry);
}
Family<Gauge>& AddGauge(Registry& registry, const char* name, const char* help) {
  return BuildGauge().Name(name).Help(help).Register(registry);
}
Family<Histogram>& AddHistogram(Registry& registry, const char* name, const char* help) {
  return BuildHistogram().Name(name).Help(help).Register(registry);
}

double Seconds(Telemetry::Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

const char* StatusLabel(const std::optional<Code>& error) {
  return error ? "failure" : "success";
}

const char* WaitReasonLabel(WaitReason reason) {
  switch (reason) {
    case WaitReason::kPace:
      return "pace";
    case WaitReason::kCoolDown:
      return "cool_down";
    case WaitReason::kConcurrency:
      return "concurrency";
    case WaitReason::kCircuit:
      return "circuit";
  }
  return "pace";
}

std::string ErrorType(const std::optional<Code>& error) {
  return std::string(CodeName(error.value_or(Code::kInternal)));
}

}  // namespace

struct Metrics::Families {
  Registry registry;

  Family<Counter>& jobs = AddCounter(registry, "dataset_transform_jobs_total",
                                     "Jobs that ended, in success or as dead letters.");
  Histogram& job_duration =
      AddHistogram(registry, "dataset_transform_duration_seconds",
                   "Time from taking a job to settling it, whatever became of it.")
          .Add({}, JobSeconds());
  Gauge& active_jobs =
      AddGauge(registry, "dataset_transform_active_jobs", "Jobs being worked on by this process.")
          .Add({});
  Histogram& job_batches = AddHistogram(registry, "dataset_transform_batches_processed",
                                        "Batches recorded each time a job was worked on.")
                               .Add({}, LargeCounts());
  Histogram& job_chunks = AddHistogram(registry, "dataset_transform_chunks_embedded",
                                       "Chunks embedded each time a job was worked on.")
                              .Add({}, LargeCounts());
  Counter& chunks_failed = AddCounter(registry, "dataset_transform_chunks_failed_total",
                                      "Chunks recorded as failed; the others of their batch go on.")
                               .Add({});

  Family<Counter>& embed_calls =
      AddCounter(registry, "embedder_api_calls_total", "Calls to embedders, each try counted.");
  Family<Histogram>& embed_duration =
      AddHistogram(registry, "embedder_api_duration_seconds", "Duration of a call to an embedder.");
  Family<Histogram>& embed_chunks =
      AddHistogram(registry, "embedder_chunks_per_call", "Chunks in a call to an embedder.");
  Family<Counter>& embed_errors = AddCounter(registry, "embedder_api_errors_total",
                                             "Failed calls to embedders, by kind of failure.");

  Family<Counter>& embed_waits =
      AddCounter(registry, "dsw_embedder_wait_seconds_total",
                 "Time that calls to embedders were held back, by reason, over all threads.");
  Family<Gauge>& embed_circuits =
      AddGauge(registry, "dsw_embedder_circuit_open",
               "Upstreams of the provider that are down: calls wait, single ones probe.");
  Family<Gauge>& embed_concurrency =
      AddGauge(registry, "dsw_embedder_concurrency_limit",
               "Calls that an upstream of the provider gets at a time, as last adapted.");

  Family<Counter>& qdrant_uploads =
      AddCounter(registry, "qdrant_upload_total", "Upserts to Qdrant, each try counted.");
  Histogram& qdrant_duration =
      AddHistogram(registry, "qdrant_upload_duration_seconds", "Duration of an upsert to Qdrant.")
          .Add({}, CallSeconds());
  Histogram& qdrant_vectors =
      AddHistogram(registry, "qdrant_vectors_per_batch", "Vectors in an upsert to Qdrant.")
          .Add({}, Counts());
  Family<Counter>& qdrant_errors =
      AddCounter(registry, "qdrant_errors_total", "Failed upserts to Qdrant, by kind of failure.");

  Family<Counter>& sink_uploads =
      AddCounter(registry, "vector_sink_upload_total", "Upserts to any sink, each try counted.");
  Family<Histogram>& sink_duration = AddHistogram(registry, "vector_sink_upload_duration_seconds",
                                                  "Duration of an upsert to any sink.");
  Family<Histogram>& sink_vectors =
      AddHistogram(registry, "vector_sink_vectors_per_batch", "Vectors in an upsert to any sink.");
  Family<Counter>& sink_errors = AddCounter(registry, "vector_sink_errors_total",
                                            "Failed upserts to any sink, by kind of failure.");

  Family<Gauge>& ready =
      AddGauge(registry, "worker_ready", "1 when all readiness checks passed, else 0.");
  Family<Gauge>& worker_active_jobs =
      AddGauge(registry, "worker_active_jobs", "Jobs being worked on by this process.");
  Family<Counter>& retries =
      AddCounter(registry, "worker_job_retries_total", "Jobs given back to be tried again.");
  Family<Counter>& failures = AddCounter(registry, "worker_job_failures_total",
                                         "Failed tries of jobs, by kind of failure.");
  Family<Counter>& handed_back =
      AddCounter(registry, "worker_jobs_handed_back_total",
                 "Jobs given back unfinished without having failed: shutdown, job timeout.");
  Family<Counter>& dead_letters =
      AddCounter(registry, "worker_dead_letters_total", "Jobs moved to the dead-letter stream.");
  Family<Gauge>& plugins = AddGauge(registry, "worker_plugins",
                                    "Files in the plugin directories, by what became of "
                                    "them.");

  const ProcessMetrics process;
};

Metrics::Metrics(const std::string& worker)
    : worker_(worker), families_(std::make_unique<Families>()) {
  // A series that is there from the start at 0 shows its first increase.
  families_->jobs.Add({{"status", "success"}});
  families_->jobs.Add({{"status", "failure"}});
  families_->ready.Add({{"worker", worker_}});
  families_->worker_active_jobs.Add({{"worker", worker_}});
  families_->retries.Add({{"worker", worker_}});
  families_->handed_back.Add({{"worker", worker_}});
}

Metrics::~Metrics() = default;

void Metrics::JobStarted() {
  families_->active_jobs.Increment();
  families_->worker_active_jobs.Add({{"worker", worker_}}).Increment();
}

void Metrics::JobEnded(DeliveryOutcome outcome, std::optional<Code> error, Duration duration,
                       std::int64_t batches, std::int64_t chunks) {
  const Labels worker = {{"worker", worker_}};
  const Labels failure = {{"worker", worker_}, {"error_type", ErrorType(error)}};
  families_->active_jobs.Decrement();
  families_->worker_active_jobs.Add(worker).Decrement();
  families_->job_duration.Observe(Seconds(duration));
  families_->job_batches.Observe(static_cast<double>(batches));
  families_->job_chunks.Observe(static_cast<double>(chunks));
  switch (outcome) {
    case DeliveryOutcome::kSuccess:
      families_->jobs.Add({{"status", "success"}}).Increment();
      break;
    case DeliveryOutcome::kRetried:
      families_->retries.Add(worker).Increment();
      families_->failures.Add(failure).Increment();
      break;
    case DeliveryOutcome::kHandedBack:
      families_->handed_back.Add(worker).Increment();
      break;
    case DeliveryOutcome::kDeadLettered:
      families_->jobs.Add({{"status", "failure"}}).Increment();
      families_->failures.Add(failure).Increment();
      families_->dead_letters.Add(failure).Increment();
      break;
  }
}

void Metrics::EmbedCall(std::string_view provider, std::optional<Code> error, Duration duration,
                        std::size_t chunks) {
  const std::string name(provider);
  families_->embed_calls.Add({{"provider", name}, {"status", StatusLabel(error)}}).Increment();
  families_->embed_duration.Add({{"provider", name}}, CallSeconds()).Observe(Seconds(duration));
  families_->embed_chunks.Add({{"provider", name}}, Counts()).Observe(static_cast<double>(chunks));
  if (error) {
    families_->embed_errors.Add({{"provider", name}, {"error_type", ErrorType(error)}}).Increment();
  }
}

void Metrics::EmbedWait(std::string_view provider, WaitReason reason, Duration duration) {
  families_->embed_waits
      .Add({{"provider", std::string(provider)}, {"reason", WaitReasonLabel(reason)}})
      .Increment(Seconds(duration));
}

void Metrics::EmbedCircuit(std::string_view provider, bool open) {
  Gauge& circuits = families_->embed_circuits.Add({{"provider", std::string(provider)}});
  if (open) {
    circuits.Increment();
  } else {
    circuits.Decrement();
  }
}

void Metrics::EmbedConcurrency(std::string_view provider, int limit) {
  families_->embed_concurrency.Add({{"provider", std::string(provider)}}).Set(limit);
}

void Metrics::UpsertCall(std::string_view sink, std::optional<Code> error, Duration duration,
                         std::size_t vectors) {
  const std::string name(sink);
  const auto count = static_cast<double>(vectors);
  families_->sink_uploads.Add({{"sink", name}, {"status", StatusLabel(error)}}).Increment();
  families_->sink_duration.Add({{"sink", name}}, CallSeconds()).Observe(Seconds(duration));
  families_->sink_vectors.Add({{"sink", name}}, Counts()).Observe(count);
  if (error) {
    families_->sink_errors.Add({{"sink", name}, {"error_type", ErrorType(error)}}).Increment();
  }
  // Dashboards made for Qdrant alone go on working.
  if (sink != kQdrant) return;
  families_->qdrant_uploads.Add({{"status", StatusLabel(error)}}).Increment();
  families_->qdrant_duration.Observe(Seconds(duration));
  families_->qdrant_vectors.Observe(count);
  if (error) families_->qdrant_errors.Add({{"error_type", ErrorType(error)}}).Increment();
}

void Metrics::ChunksFailed(std::size_t count) {
  families_->chunks_failed.Increment(static_cast<double>(count));
}

void Metrics::SetPlugins(std::size_t loaded, std::size_t refused) {
  families_->plugins.Add({{"state", "loaded"}}).Set(static_cast<double>(loaded));
  families_->plugins.Add({{"state", "refused"}}).Set(static_cast<double>(refused));
}

void Metrics::SetReady(bool ready) {
  families_->ready.Add({{"worker", worker_}}).Set(ready ? 1 : 0);
}

std::string Metrics::Render() const {
  std::vector<prometheus::MetricFamily> all = families_->registry.Collect();
  for (prometheus::MetricFamily& family : families_->process.Collect()) {
    all.push_back(std::move(family));
  }
  if (plugin_processes_) {
    for (prometheus::MetricFamily& family : PluginMetrics(plugin_processes_())) {
      all.push_back(std::move(family));
    }
  }
  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, all);
  return std::move(text).str();
}

}  // namespace dsw
