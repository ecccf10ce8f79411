// SPDX-License-Identifier: Apache-2.0
//
// The ports of the pipeline, in memory: they remember what they were asked and fail as told.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "host/pipeline/worker_context.h"
#include "host/ports/job_queue.h"
#include "host/ports/worker_health.h"

namespace dsw {

/// One dataset with one transform. Thread-safe.
class FakeStore final : public DatasetStore {
 public:
  struct StoredItem {
    std::vector<std::string> chunks;
    std::string hash;
  };

  /// Item ids count from 1.
  void AddItem(std::vector<std::string> chunks) {
    const std::lock_guard lock(mutex_);
    const auto id = static_cast<std::int64_t>(items.size()) + 1;
    items[id] = {std::move(chunks), "hash"};
  }

  Result<Plan> LoadPlan(const Job& job) override {
    if (plan_error) return Fail(*plan_error);
    Plan made = plan;
    made.job_id = job.job_id;
    made.dataset_transform_id = job.dataset_transform_id;
    return made;
  }
  Result<std::unique_ptr<TargetClaim>> Claim(const Plan& claimed, const Target& target,
                                             const Claimant&) override;
  Result<std::optional<JobRange>> FindRange(const Job&, std::int32_t number) override {
    if (static_cast<std::size_t>(number) >= ranges.size()) return std::optional<JobRange>();
    return std::optional<JobRange>(ranges[static_cast<std::size_t>(number)]);
  }
  Result<FailureCount> NoteFailure(const Job&, const Error& error, bool counts) override {
    if (count_error) return Fail(*count_error);
    last_failure = error;
    if (counts) ++failures;
    return FailureCount{.failures = failures, .since_first = since_first, .last_error = {}};
  }
  Result<FailureCount> Failures(const Job&) override {
    return FailureCount{.failures = failures, .since_first = since_first, .last_error = "died"};
  }
  Status ClearFailures(const Job&) override {
    failures = 0;
    return {};
  }
  Result<RunEnd> EndFailed(const Job&, const Error& error) override {
    ended.push_back(error);
    return RunEnd{.complete = true, .job_complete = true, .dead_ranges = 0};
  }
  Status MarkReported(const Job&) override {
    ++reports;
    return {};
  }
  Result<ExpectedPoints> OpenExpected(const Plan&, const Target& target) override;
  Result<std::int64_t> LastToken() override { return last_token; }
  Status SkipTokens(std::int64_t token) override {
    last_token = token + 1;
    return {};
  }
  Status Health() override { return {}; }

  Plan plan{.job_id = {},
            .dataset_transform_id = 1,
            .dataset_id = 3,
            .owner_id = "owner",
            .title = "a transform",
            .mode = Mode::kIncremental,
            .targets = {{.embedded_dataset_id = 7,
                         .collection = "collection",
                         .embedder = {.embedder_id = 5,
                                      .provider = "fake",
                                      .model = "m",
                                      .base_url = {},
                                      .api_key = {},
                                      .config_json = "{}",
                                      .batch_size = 4,
                                      .max_input_tokens = 0,
                                      .truncate = Truncate::kNone}}}};
  std::optional<Error> plan_error;
  std::optional<Error> record_error;  ///< Fails the next RecordBatch.
  std::optional<Error> claim_error;
  std::optional<Error> renew_error;
  std::optional<Error> count_error;
  std::map<std::int64_t, StoredItem> items;
  std::map<std::int64_t, std::set<ChunkPosition>> recorded;  ///< By embedded dataset.
  std::vector<FailedChunk> failed_chunks;
  std::vector<StaleItem> stale;
  std::vector<std::int64_t> finished;
  std::optional<Error> last_failure;
  std::vector<Error> ended;  ///< Of jobs that ended without success.
  std::vector<JobRange> ranges;
  Surroundings surroundings;  ///< Of the last look.
  std::string start_over;
  std::chrono::milliseconds since_first{0};
  std::int32_t stored_count = 0;  ///< Of every item.
  bool over = false;
  bool reported = false;
  int failures = 0;
  int batches = 0;
  int removals = 0;
  int reports = 0;
  int releases = 0;
  std::int64_t last_token = 1;
  bool shared = false;  ///< Other embedded datasets are kept in the collection.
  int expected_opened = 0;
  std::set<ChunkPosition> forgotten;

 private:
  friend class FakeCursor;
  friend class FakeClaim;
  std::mutex mutex_;
};

class FakeCursor final : public ChunkCursor {
 public:
  FakeCursor(FakeStore& store, std::int64_t embedded_dataset_id) {
    const std::lock_guard lock(store.mutex_);
    const std::set<ChunkPosition>& done = store.recorded[embedded_dataset_id];
    for (const auto& [id, item] : store.items) {
      auto shared = std::make_shared<const Item>(
          Item{.item_id = id,
               .title = "item",
               .metadata_json = "{}",
               .content_hash = item.hash,
               .chunk_count = static_cast<std::int32_t>(item.chunks.size()),
               .stored_count = store.stored_count});
      for (std::size_t i = 0; i < item.chunks.size(); ++i) {
        const auto index = static_cast<std::int32_t>(i);
        if (done.contains({id, index})) continue;
        pending_.push_back(
            {.item = shared, .index = index, .text = item.chunks[i], .metadata_json = {}});
      }
    }
  }
  Result<std::optional<Chunk>> Next() override {
    if (pending_.empty()) return std::optional<Chunk>();
    Chunk chunk = std::move(pending_.front());
    pending_.pop_front();
    return std::optional<Chunk>(std::move(chunk));
  }

 private:
  std::deque<Chunk> pending_;
};

/// One item a page.
class FakeExpectedCursor final : public ExpectedCursor {
 public:
  explicit FakeExpectedCursor(std::deque<std::vector<ExpectedChunk>> pages)
      : pages_(std::move(pages)) {}
  Result<std::vector<ExpectedChunk>> NextPage() override {
    if (pages_.empty()) return std::vector<ExpectedChunk>();
    std::vector<ExpectedChunk> page = std::move(pages_.front());
    pages_.pop_front();
    return page;
  }

 private:
  std::deque<std::vector<ExpectedChunk>> pages_;
};

inline Result<ExpectedPoints> FakeStore::OpenExpected(const Plan&, const Target& target) {
  const std::lock_guard lock(mutex_);
  const std::set<ChunkPosition>& done = recorded[target.embedded_dataset_id];
  const auto state = [&](const ChunkPosition& position) {
    if (!done.contains(position)) return ChunkState::kPending;
    for (const FailedChunk& chunk : failed_chunks) {
      if (chunk.position == position) return ChunkState::kFailed;
    }
    return ChunkState::kEmbedded;
  };
  ExpectedPoints expected;
  std::deque<std::vector<ExpectedChunk>> pages;
  for (const auto& [id, item] : items) {
    if (item.chunks.empty()) continue;
    pages.emplace_back();
    for (std::size_t i = 0; i < item.chunks.size(); ++i) {
      const ChunkPosition position{id, static_cast<std::int32_t>(i)};
      pages.back().push_back({.position = position,
                              .text_hash = std::stoull(ChunkHash(item.chunks[i]), nullptr, 16),
                              .state = state(position)});
      ++expected.chunks;
    }
  }
  expected.shared = shared;
  expected.cursor = std::make_unique<FakeExpectedCursor>(std::move(pages));
  ++expected_opened;
  return expected;
}

/// A claim that holds for as long as the store does not say otherwise.
class FakeClaim final : public TargetClaim {
 public:
  FakeClaim(FakeStore& store, std::int64_t embedded_dataset_id)
      : store_(store), embedded_dataset_id_(embedded_dataset_id) {}

  std::int64_t token() const override { return store_.last_token; }
  bool over() const override { return store_.over; }
  bool job_over() const override { return store_.over; }
  bool reported() const override { return store_.reported; }
  Status Renew() override {
    if (store_.renew_error) return Fail(*store_.renew_error);
    return {};
  }
  Status Release() override {
    ++store_.releases;
    return {};
  }
  Result<Survey> Look(const Surroundings& surroundings) override {
    store_.surroundings = surroundings;
    const auto totals = Totals();
    Survey survey;
    survey.pending = totals->total - totals->done - totals->failed;
    survey.stale = !store_.stale.empty();
    survey.start_over = store_.start_over;
    survey.must_mark = surroundings.collection_maker != surroundings.maker;
    return survey;
  }
  Result<std::vector<JobRange>> Split(std::int64_t) override { return store_.ranges; }
  Result<std::unique_ptr<ChunkCursor>> OpenPending() override {
    return std::unique_ptr<ChunkCursor>(std::make_unique<FakeCursor>(store_, embedded_dataset_id_));
  }
  Status RecordBatch(const Batch& batch, const BatchRecord& record) override {
    const std::lock_guard lock(store_.mutex_);
    if (store_.record_error) return Fail(*std::exchange(store_.record_error, std::nullopt));
    for (const Chunk& chunk : batch.chunks) {
      store_.recorded[embedded_dataset_id_].insert({chunk.item->item_id, chunk.index});
    }
    store_.failed_chunks.insert(store_.failed_chunks.end(), record.failed.begin(),
                                record.failed.end());
    ++store_.batches;
    return {};
  }
  Result<std::vector<StaleItem>> ListStale(std::int64_t after, int) override {
    std::vector<StaleItem> found;
    for (const StaleItem& item : store_.stale) {
      if (item.item_id > after) found.push_back(item);
    }
    return found;
  }
  Status RecordRemoval(std::span<const StaleItem> gone) override {
    store_.removals += static_cast<int>(gone.size());
    return {};
  }
  Status Forget(std::span<const ChunkPosition> chunks) override {
    const std::lock_guard lock(store_.mutex_);
    if (store_.renew_error) return Fail(*store_.renew_error);
    for (const ChunkPosition& chunk : chunks) {
      store_.recorded[embedded_dataset_id_].erase(chunk);
      store_.forgotten.insert(chunk);
    }
    return {};
  }
  Result<RunEnd> Finish() override {
    const std::lock_guard lock(store_.mutex_);
    store_.finished.push_back(embedded_dataset_id_);
    return RunEnd{.complete = true,
                  .job_complete = store_.finished.size() >= store_.plan.targets.size(),
                  .dead_ranges = 0};
  }
  Result<RunTotals> Totals() override {
    const std::lock_guard lock(store_.mutex_);
    RunTotals totals;
    for (const auto& [id, item] : store_.items) {
      totals.total += static_cast<std::int64_t>(item.chunks.size());
    }
    totals.failed = static_cast<std::int64_t>(store_.failed_chunks.size());
    totals.done =
        static_cast<std::int64_t>(store_.recorded[embedded_dataset_id_].size()) - totals.failed;
    totals.batches = store_.batches;
    totals.tokens = totals.done;
    return totals;
  }

 private:
  FakeStore& store_;
  const std::int64_t embedded_dataset_id_;
};

inline Result<std::unique_ptr<TargetClaim>> FakeStore::Claim(const Plan&, const Target& target,
                                                             const Claimant&) {
  if (claim_error) return Fail(*claim_error);
  return std::unique_ptr<TargetClaim>(
      std::make_unique<FakeClaim>(*this, target.embedded_dataset_id));
}

/// Vectors of two floats: the text's length and 1. Thread-safe.
class FakeEmbedder final : public Embedder {
 public:
  using Answer = std::function<std::optional<Error>(std::span<const std::string_view> texts)>;

  std::string_view provider() const override { return "fake"; }
  Limits limits() const override { return limits_value; }
  std::string_view lane() const override { return "fake"; }
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
    return CollectionState{
        .created = created, .empty = empty.value_or(points.empty()), .maker = maker};
  }
  Status SetMaker(const CallContext&, std::string_view, std::string_view text) override {
    const std::lock_guard lock(mutex_);
    if (maker_error) return Fail(*maker_error);
    maker = text;
    return {};
  }
  Status Upsert(const CallContext&, std::string_view, const Points& batch, std::size_t first,
                std::size_t count) override {
    const std::lock_guard lock(mutex_);
    if (upsert_error) return Fail(*std::exchange(upsert_error, std::nullopt));
    upserts.push_back(count);
    for (std::size_t i = first; i < first + count; ++i) {
      const auto stored = points.find(batch.ids[i]);
      if (batch.token != 0 && stored != points.end() &&
          StampOf(stored->second.second).value("t", std::int64_t{0}) > batch.token) {
        continue;
      }
      points[batch.ids[i]] = {batch.vectors.row(i)[0], batch.payloads[i]};
    }
    return {};
  }
  Status Remove(const CallContext&, std::string_view, std::span<const std::string> ids) override {
    const std::lock_guard lock(mutex_);
    removed.insert(removed.end(), ids.begin(), ids.end());
    for (const std::string& id : ids) points.erase(id);
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
  bool created = false;
  std::optional<bool> empty;  ///< Absent: as `points` are.
  std::string maker;
  std::optional<Error> ensure_error;
  std::optional<Error> maker_error;
  std::optional<Error> upsert_error;  ///< Fails the next Upsert.
  std::optional<Error> scan_error;
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

  std::mutex mutex_;
};

class FakePlugins final : public PluginCatalog {
 public:
  Result<std::shared_ptr<Embedder>> OpenEmbedder(const EmbedderConfig& config) override {
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
    if (final_error) return Fail(*std::exchange(final_error, std::nullopt));
    events.push_back(progress);
    return {};
  }
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
    return settle_status;
  }
  Status RetryIn(std::chrono::milliseconds delay) override {
    retries.push_back(delay);
    return settle_status;
  }
  Status DeadLetter(const DeadLetterReason& reason) override {
    dead_letters.push_back(reason);
    return settle_status;
  }

  std::uint64_t attempt_value = 1;
  std::string traceparent_value;
  Status settle_status;
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
