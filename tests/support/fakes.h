// SPDX-License-Identifier: Apache-2.0
//
// The ports of the pipeline, in memory: they remember what they were asked and fail as told.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "host/pipeline/worker_context.h"
#include "host/ports/job_queue.h"
#include "host/ports/worker_health.h"
#include "tests/support/fake_store.h"

namespace dsw {

/// Vectors of two floats: the text's length and 1. Thread-safe.
class FakeEmbedder final : public Embedder {
 public:
  using Answer = std::function<std::optional<Error>(std::span<const std::string_view> texts)>;

  std::string_view provider() const override { return "fake"; }
  Limits limits() const override { return limits_value; }
  std::string_view lane() const override { return lane_value; }
  bool remote() const override { return is_remote; }
  std::optional<std::vector<std::string>> vector_settings() const override { return settings; }
  Result<ModelFacts> Describe(const CallContext&) override {
    if (describe_error) return Fail(*describe_error);
    return facts;
  }
  Result<Vectors> Embed(const CallContext& context, std::span<const std::string_view> texts,
                        InputType) override {
    const std::lock_guard lock(mutex_);
    calls.push_back({texts.begin(), texts.end()});
    attempts.push_back(context.attempt);
    keys.push_back(context.idempotency_key);
    contexts.push_back(context);
    if (fail) {
      if (std::optional<Error> error = fail(texts)) return Fail(*error);
    }
    Vectors vectors{.matrix = Matrix(texts.size(), returned_dimensions),
                    .item_errors = std::vector<std::optional<Error>>(texts.size()),
                    .truncated = std::vector<bool>(texts.size()),
                    .tokens = static_cast<std::int64_t>(texts.size())};
    for (std::size_t i = 0; i < texts.size(); ++i) {
      vectors.matrix.data()[i * returned_dimensions] = static_cast<float>(texts[i].size());
      if (texts[i].find("poison") != std::string_view::npos) {
        vectors.item_errors[i] = Error{Code::kInvalid, "poisoned"};
      }
    }
    return vectors;
  }

  Limits limits_value;
  bool is_remote = false;
  std::string lane_value = "fake";
  std::optional<std::vector<std::string>> settings;
  ModelFacts facts{.dimensions = 2, .max_tokens = 0, .max_batch = 0};
  std::size_t returned_dimensions = 2;
  std::optional<Error> describe_error;
  Answer fail;  ///< Asked before every call; an error is returned.
  std::vector<std::vector<std::string>> calls;
  std::vector<std::uint32_t> attempts;
  std::vector<std::string> keys;
  std::vector<CallContext> contexts;

 private:
  std::mutex mutex_;
};

/// Thread-safe.
class FakeSink final : public VectorSink {
 public:
  std::string_view provider() const override { return "fake"; }
  std::string_view lane() const override { return "fake"; }
  std::uint32_t max_batch() const override { return max_batch_value; }
  Result<CollectionState> EnsureCollection(const CallContext&,
                                           const CollectionSpec& spec) override {
    const std::lock_guard lock(mutex_);
    specs.push_back(spec);
    if (ensure_error) return Fail(*ensure_error);
    return CollectionState{.created = false, .empty = points.empty(), .maker = maker};
  }
  Status SetMaker(const CallContext&, std::string_view, std::string_view text) override {
    const std::lock_guard lock(mutex_);
    if (maker_error) return Fail(*std::exchange(maker_error, std::nullopt));
    maker = text;
    return {};
  }
  Status Upsert(const CallContext&, std::string_view, const Points& batch, std::size_t first,
                std::size_t count) override {
    const std::lock_guard lock(mutex_);
    if (on_upsert) on_upsert();
    if (upsert_error) return Fail(*std::exchange(upsert_error, std::nullopt));
    upserts.push_back(count);
    for (std::size_t i = first; i < first + count; ++i) {
      if (IsOfLater(batch.ids[i], batch.token)) continue;
      points[batch.ids[i]] = {batch.vectors.row(i)[0], batch.payloads[i]};
    }
    return {};
  }
  Status Remove(const CallContext&, std::string_view, std::span<const std::string> ids,
                std::int64_t token) override {
    const std::lock_guard lock(mutex_);
    if (on_remove) on_remove();
    if (remove_error) return Fail(*remove_error);
    removed.insert(removed.end(), ids.begin(), ids.end());
    for (const std::string& id : ids) {
      if (!IsOfLater(id, token)) points.erase(id);
    }
    return {};
  }
  Status Scan(const CallContext&, std::string_view, std::string_view after_id, std::uint32_t limit,
              std::vector<PointStamp>& page) override {
    const std::lock_guard lock(mutex_);
    if (scan_error) return Fail(*scan_error);
    page.clear();
    for (auto point = points.upper_bound(std::string(after_id));
         point != points.end() && page.size() < limit; ++point) {
      const nlohmann::json stamp = StampOf(point->second.second);
      page.push_back({point->first, stamp.empty() ? "" : stamp.dump()});
    }
    return {};
  }
  Result<std::uint64_t> Count(const CallContext&, std::string_view) override {
    const std::lock_guard lock(mutex_);
    return points.size();
  }
  Result<std::vector<Hit>> Search(const CallContext&, std::string_view, std::span<const float>,
                                  std::uint32_t) override {
    return std::vector<Hit>();
  }
  Status Health(const CallContext&) override { return {}; }

  std::uint32_t max_batch_value = 0;
  std::string maker;
  std::optional<Error> ensure_error;
  std::optional<Error> maker_error;   ///< Fails the next SetMaker.
  std::optional<Error> upsert_error;  ///< Fails the next Upsert.
  std::optional<Error> remove_error;
  std::optional<Error> scan_error;
  std::function<void()> on_upsert;  ///< Called by every Upsert.
  std::function<void()> on_remove;  ///< Called by every Remove.
  std::vector<CollectionSpec> specs;
  std::vector<std::size_t> upserts;
  /// By id: the first float of the vector, and the payload.
  std::map<std::string, std::pair<float, std::string>> points;
  std::vector<std::string> removed;

 private:
  static nlohmann::json StampOf(const std::string& payload) {
    const auto json = nlohmann::json::parse(payload, nullptr, /*allow_exceptions=*/false);
    return json.is_object() ? json.value(kStampKey, nlohmann::json::object())
                            : nlohmann::json::object();
  }
  bool IsOfLater(const std::string& id, std::int64_t token) const {
    const auto stored = points.find(id);
    return token != 0 && stored != points.end() &&
           StampOf(stored->second.second).value("t", std::int64_t{0}) > token;
  }

  std::mutex mutex_;
};

class FakePlugins final : public PluginCatalog {
 public:
  Result<std::shared_ptr<Embedder>> OpenEmbedder(const EmbedderConfig& config) override {
    if (on_open) {
      if (std::optional<Error> error = on_open(config)) return Fail(*std::move(error));
    }
    if (config.provider != "fake") {
      return Fail(Error{.code = Code::kNotFound,
                        .message = "no embedder provider `" + config.provider + "`",
                        .origin = Origin::kWorker});
    }
    return std::shared_ptr<Embedder>(embedder);
  }
  Result<std::shared_ptr<VectorSink>> OpenSink(const SinkOverride&) override {
    return std::shared_ptr<VectorSink>(sink);
  }

  /// Asked before an embedder is opened; an error is returned.
  std::function<std::optional<Error>(const EmbedderConfig&)> on_open;
  std::shared_ptr<FakeEmbedder> embedder = std::make_shared<FakeEmbedder>();
  std::shared_ptr<FakeSink> sink = std::make_shared<FakeSink>();
};

/// Thread-safe.
class FakeBus final : public ProgressBus {
 public:
  void Publish(const Progress& progress) noexcept override {
    const std::lock_guard lock(mutex_);
    events.push_back(progress);
  }
  Status PublishFinal(const Progress& progress) override {
    const std::lock_guard lock(mutex_);
    if (on_final) on_final();
    if (final_error) return Fail(*std::exchange(final_error, std::nullopt));
    events.push_back(progress);
    return {};
  }
  std::function<void()> on_final;    ///< Called by PublishFinal.
  std::optional<Error> final_error;  ///< Fails the next PublishFinal.
  std::vector<Progress> events;

 private:
  std::mutex mutex_;
};

class FakeTelemetry final : public Telemetry {
 public:
  void JobStarted() override {
    const std::lock_guard lock(mutex_);
    ++started;
  }
  void JobEnded(DeliveryOutcome outcome, std::optional<Code>, Duration, std::int64_t,
                std::int64_t) override {
    const std::lock_guard lock(mutex_);
    ended.push_back(outcome);
  }
  void EmbedCall(std::string_view, std::optional<Code>, Duration, std::size_t) override {}
  void EmbedWait(std::string_view, WaitReason reason, Duration) override {
    const std::lock_guard lock(mutex_);
    waits.push_back(reason);
  }
  void EmbedCircuit(std::string_view, bool open) override {
    const std::lock_guard lock(mutex_);
    circuits.push_back(open);
  }
  void EmbedConcurrency(std::string_view, int) override {}
  void UpsertCall(std::string_view, std::optional<Code>, Duration, std::size_t) override {}
  void ChunksFailed(std::size_t) override {}

  int started = 0;
  std::vector<DeliveryOutcome> ended;
  std::vector<WaitReason> waits;
  std::vector<bool> circuits;  ///< True: opened.

 private:
  std::mutex mutex_;
};

/// Hands out as many deliveries as it was given, then waits to be stopped. Thread-safe.
class FakeQueue final : public JobQueue {
 public:
  Result<std::unique_ptr<Delivery>> Fetch(std::stop_token stop) override;
  std::chrono::milliseconds ack_wait() const override { return std::chrono::hours(1); }
  Status Publish(const std::string& json, const std::string& message_id) override {
    const std::lock_guard lock(mutex_);
    published.emplace_back(message_id, json);
    return {};
  }
  Result<bool> Idle() override { return true; }
  Status Health() override { return {}; }

  /// Waits until Fetch was called so often.
  void WaitForFetches(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return fetches_ >= count; });
  }

  int deliveries = 0;
  int failures = 0;                                            ///< So many fetches fail first.
  std::vector<std::pair<std::string, std::string>> published;  ///< Id and message.

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  int fetches_ = 0;
};

/// A message that remembers how it was settled.
class FakeDelivery final : public Delivery {
 public:
  explicit FakeDelivery(std::string payload) : payload_(std::move(payload)) {}

  std::string_view payload() const override { return payload_; }
  std::uint64_t attempt() const override { return attempt_value; }
  std::string_view traceparent() const override { return traceparent_value; }
  Status InProgress() override { return {}; }
  Status Ack() override {
    ++acks;
    return ack_error ? Status(Fail(*ack_error)) : settle_status;
  }
  Status RetryIn(std::chrono::milliseconds delay) override {
    if (on_retry) on_retry();
    retries.push_back(delay);
    return settle_status;
  }
  Status DeadLetter(const DeadLetterReason& reason) override {
    if (on_dead_letter) on_dead_letter();
    dead_letters.push_back(reason);
    return settle_status;
  }

  std::uint64_t attempt_value = 1;
  std::string traceparent_value;
  Status settle_status;
  std::optional<Error> ack_error;
  std::function<void()> on_retry;
  std::function<void()> on_dead_letter;
  int acks = 0;
  std::vector<std::chrono::milliseconds> retries;
  std::vector<DeadLetterReason> dead_letters;

 private:
  std::string payload_;
};

/// A worker in good health, whatever is reported. Thread-safe.
class FakeHealth final : public WorkerHealth {
 public:
  bool WaitUntilReady(std::stop_token stop) override { return !stop.stop_requested(); }
  void Report(std::string_view part, const Error& error) override {
    const std::lock_guard lock(mutex_);
    reports.emplace_back(part, error);
  }

  std::vector<std::pair<std::string, Error>> reports;

 private:
  std::mutex mutex_;
};

inline Result<std::unique_ptr<Delivery>> FakeQueue::Fetch(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  ++fetches_;
  changed_.notify_all();
  if (fetches_ <= failures) return Fail(Code::kUnavailable, "no queue");
  if (deliveries > 0) {
    --deliveries;
    return std::unique_ptr<Delivery>(std::make_unique<FakeDelivery>("not a job"));
  }
  changed_.wait(lock, stop, [] { return false; });
  return std::unique_ptr<Delivery>();
}

}  // namespace dsw
