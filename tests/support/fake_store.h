// SPDX-License-Identifier: Apache-2.0
//
// The database port of the pipeline, in memory: it remembers what it was asked and fails as told.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "host/ports/dataset_store.h"

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
    const std::lock_guard lock(mutex_);
    if (count_error) return Fail(*count_error);
    last_failure = error;
    if (counts) ++failures;
    ++noted;
    return FailureCount{.failures = failures, .since_first = since_first, .last = error};
  }
  Result<FailureCount> Failures(const Job&) override {
    const std::lock_guard lock(mutex_);
    const Error died{.message = "died", .origin = Origin::kWorker};
    return FailureCount{
        .failures = failures, .since_first = since_first, .last = last_failure.value_or(died)};
  }
  Status ClearFailures(const Job&) override {
    const std::lock_guard lock(mutex_);
    failures = 0;
    return {};
  }
  Result<RunEnd> EndFailed(const Job&, const Error& error) override {
    const std::lock_guard lock(mutex_);
    if (end_error) return Fail(*std::exchange(end_error, std::nullopt));
    ended.push_back(error);
    if (failed_end) return *failed_end;
    return RunEnd{.complete = true,
                  .job = {.over = true, .failure = error.message},
                  .dead_ranges = 0,
                  .reached = std::nullopt};
  }
  Result<ExpectedPoints> OpenExpected(const Plan&, const Target& target) override;
  Result<std::int64_t> LastToken() override {
    const std::lock_guard lock(mutex_);
    return last_token;
  }
  Status SkipTokens(std::int64_t token) override {
    const std::lock_guard lock(mutex_);
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
  std::optional<Error> count_error;  ///< Fails NoteFailure.
  std::optional<Error> end_error;    ///< Fails the next EndFailed.
  std::optional<Error> totals_error;
  std::map<std::int64_t, StoredItem> items;
  std::map<std::int64_t, std::set<ChunkPosition>> recorded;  ///< By embedded dataset.
  std::vector<FailedChunk> failed_chunks;
  std::vector<StaleItem> stale;
  std::vector<std::int64_t> finished;
  std::optional<Error> last_failure;
  std::vector<Error> ended;          ///< Of jobs that ended without success.
  std::optional<RunEnd> failed_end;  ///< What EndFailed answers.
  std::optional<JobEnd> job_end;     ///< Of the job, whatever its targets' ends are.
  std::vector<JobRange> ranges;
  Surroundings surroundings;  ///< Of the last look.
  std::chrono::milliseconds since_first{0};
  std::int32_t stored_count = 0;  ///< Of every item.
  bool over = false;
  bool suspected = false;
  int alone = 0;  ///< Claims that were said to run alone.
  std::optional<Error> alone_error;
  bool totals_over = false;  ///< Another worker ended the run.
  int dead_ranges = 0;       ///< Given up when the last range ends.
  int failures = 0;
  int noted = 0;  ///< Calls of NoteFailure.
  int batches = 0;
  int removals = 0;
  std::vector<std::int64_t> disowned;  ///< Items.
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

  std::int64_t token() const override {
    const std::lock_guard lock(store_.mutex_);
    return store_.last_token;
  }
  bool over() const override { return store_.over; }
  JobEnd job() const override {
    return store_.job_end.value_or(JobEnd{.over = store_.over, .failure = {}});
  }
  bool suspected() const override { return store_.suspected; }
  Status RunAlone() override {
    const std::lock_guard lock(store_.mutex_);
    if (store_.alone_error) return Fail(*store_.alone_error);
    ++store_.alone;
    return {};
  }
  Status Trust() override { return {}; }
  Status Renew() override {
    const std::lock_guard lock(store_.mutex_);
    if (store_.renew_error) return Fail(*store_.renew_error);
    return {};
  }
  Status Release() override { return {}; }
  Result<Survey> Look(const Surroundings& surroundings) override {
    const auto totals = Totals();
    if (!totals) return Fail(totals.error());
    const std::lock_guard lock(store_.mutex_);
    store_.surroundings = surroundings;
    Survey survey;
    survey.pending = totals->total - totals->done - totals->failed;
    survey.stale = !store_.stale.empty();
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
  Status Disown(std::span<const std::int64_t> disowned) override {
    const std::lock_guard lock(store_.mutex_);
    store_.disowned.insert(store_.disowned.end(), disowned.begin(), disowned.end());
    return {};
  }
  Result<std::vector<StaleItem>> ListStale(std::int64_t after, int) override {
    const std::lock_guard lock(store_.mutex_);
    std::vector<StaleItem> found;
    for (const StaleItem& item : store_.stale) {
      if (item.item_id > after) found.push_back(item);
    }
    return found;
  }
  Status RecordRemoval(std::span<const StaleItem> gone) override {
    const std::lock_guard lock(store_.mutex_);
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
    const JobEnd job{
        .over = store_.finished.size() >= store_.plan.targets.size(),
        .failure = store_.dead_ranges > 0 ? RangesGivenUp(store_.dead_ranges) : std::string()};
    return RunEnd{.complete = true,
                  .job = store_.job_end.value_or(job),
                  .dead_ranges = store_.dead_ranges,
                  .reached = std::nullopt};
  }
  Result<RunTotals> Totals() override {
    const std::lock_guard lock(store_.mutex_);
    if (store_.totals_error) return Fail(*store_.totals_error);
    RunTotals totals;
    for (const auto& [id, item] : store_.items) {
      totals.total += static_cast<std::int64_t>(item.chunks.size());
    }
    totals.failed = static_cast<std::int64_t>(store_.failed_chunks.size());
    totals.done =
        static_cast<std::int64_t>(store_.recorded[embedded_dataset_id_].size()) - totals.failed;
    totals.batches = store_.batches;
    totals.tokens = totals.done;
    totals.over = store_.totals_over;
    return totals;
  }

 private:
  FakeStore& store_;
  const std::int64_t embedded_dataset_id_;
};

inline Result<std::unique_ptr<TargetClaim>> FakeStore::Claim(const Plan&, const Target& target,
                                                             const Claimant&) {
  const std::lock_guard lock(mutex_);
  if (claim_error) return Fail(*claim_error);
  return std::unique_ptr<TargetClaim>(
      std::make_unique<FakeClaim>(*this, target.embedded_dataset_id));
}

}  // namespace dsw
