// SPDX-License-Identifier: Apache-2.0
//
// What the tests of the PostgreSQL adapter share: a server, a migrated database, a store, and ways
// to fill the one and drain the other.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "host/postgres/database.h"
#include "host/postgres/dataset_store.h"
#include "host/postgres/migrate.h"
#include "tests/support/matchers.h"
#include "tests/support/postgres_server.h"

namespace dsw {

class StoreTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_OK(Migrate(*database_)); }

  /// One server for the program.
  static PostgresServer& Server() {
    static PostgresServer server;
    return server;
  }
  std::string Sql(std::string_view text) { return Server().Sql(name_, text); }

  std::unique_ptr<Database> OpenDatabase(
      std::chrono::milliseconds retry_for = std::chrono::seconds(10)) {
    Result<std::unique_ptr<Database>> opened =
        Database::Open({.url = Server().Url(name_), .retry_for = retry_for}, clock_);
    EXPECT_OK(opened);
    return *std::move(opened);
  }

  /// A dataset (id 1), an embedder (id 1) and a transform (id 1) that joins them.
  void MakeTransform() {
    Sql("INSERT INTO datasets (title, owner_id, owner_display_name) VALUES ('d', 'owner', 'o');"
        "INSERT INTO embedders (name, owner_id, owner_display_name, provider, base_url, config) "
        "  VALUES ('e', 'owner', 'o', 'test', 'http://e', '{\"model\":\"hash-8\",\"extra\":1}');"
        "INSERT INTO dataset_transforms (title, source_dataset_id, embedder_ids, owner_id, "
        "  owner_display_name) VALUES ('t', 1, '{1}', 'owner', 'o')");
  }
  /// Items of `chunks` chunks each; chunk c of item i has text "i.c".
  void AddItems(int items, int chunks) {
    Sql("INSERT INTO dataset_items (dataset_id, title, chunks, metadata) "
        "SELECT 1, 'item ' || i, (SELECT coalesce(jsonb_agg(jsonb_build_object("
        "    'content', i || '.' || c, 'metadata', jsonb_build_object('c', c)) ORDER BY c), '[]') "
        "  FROM generate_series(0, " +
        std::to_string(chunks - 1) + ") c), jsonb_build_object('source_file', i || '.txt') " +
        "FROM generate_series(1, " + std::to_string(items) + ") i");
  }

  /// The database as a role sees it that has every right but one: of an item it may read the id
  /// and `columns`. What succeeds with it has not looked at anything else.
  std::unique_ptr<Database> OpenBlind(const std::string& columns = "") {
    const std::string role = "blind_" + name_;
    Sql("CREATE ROLE " + role + " LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public TO " + role +
        "; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO " + role +
        "; REVOKE ALL ON dataset_items FROM " + role + "; GRANT SELECT (item_id, dataset_id" +
        columns + ") ON dataset_items TO " + role);
    Result<std::unique_ptr<Database>> opened =
        Database::Open({.url = "postgresql://" + role +
                               "@127.0.0.1:" + std::to_string(Server().port()) + "/" + name_},
                       clock_);
    EXPECT_OK(opened);
    return *std::move(opened);
  }
  /// Returns once somebody waits for a lock in the database.
  void AwaitAWaitingLock() {
    while (Sql("SELECT count(*) FROM pg_locks WHERE NOT granted") == "0") {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }

  Job MakeJob(const std::string& id, Mode mode = Mode::kIncremental) {
    Job job;
    job.job_id = id;
    job.dataset_transform_id = 1;
    job.mode = mode;
    return job;
  }
  Plan MustPlan(const Job& job) {
    Result<Plan> plan = store_->LoadPlan(job);
    EXPECT_OK(plan);
    if (plan) return *std::move(plan);
    Plan none;
    none.targets.emplace_back();
    return none;
  }

  static std::vector<Chunk> ReadAll(ChunkCursor& cursor, std::size_t at_most = SIZE_MAX) {
    std::vector<Chunk> chunks;
    while (chunks.size() < at_most) {
      Result<std::optional<Chunk>> chunk = cursor.Next();
      EXPECT_OK(chunk);
      if (!chunk || !*chunk) break;
      chunks.push_back(**std::move(chunk));
    }
    return chunks;
  }
  /// Claims the plan's first target for its job, unless that was the last one to do so; whoever did
  /// so before releases it.
  TargetClaim& Claim(const Plan& plan) {
    const std::string work = plan.job_id + "/" +
                             std::to_string(plan.targets[0].embedded_dataset_id) + "/" +
                             std::to_string(plan.range ? plan.range->number : -1);
    if (claim_ && claimed_ == work) return *claim_;
    claim_.reset();
    auto claim = store_->Claim(plan, plan.targets[0], {.holder = "test"});
    EXPECT_OK(claim);
    claim_ = *std::move(claim);
    claimed_ = work;
    return *claim_;
  }
  Survey Look(const Plan& plan) {
    Result<Survey> survey = Claim(plan).Look(surroundings_);
    EXPECT_OK(survey);
    return survey ? *std::move(survey) : Survey();
  }
  std::unique_ptr<ChunkCursor> OpenPending(const Plan& plan) {
    Look(plan);
    auto cursor = Claim(plan).OpenPending();
    EXPECT_OK(cursor);
    return *std::move(cursor);
  }
  std::vector<Chunk> Pending(const Plan& plan, std::size_t at_most = SIZE_MAX) {
    return ReadAll(*OpenPending(plan), at_most);
  }
  /// As "1.0 1.1 2.0": item and index.
  static std::string Positions(const std::vector<Chunk>& chunks) {
    std::string text;
    for (const Chunk& chunk : chunks) {
      text += (text.empty() ? "" : " ") + std::to_string(chunk.item->item_id) + "." +
              std::to_string(chunk.index);
    }
    return text;
  }
  static std::vector<Batch> Cut(std::vector<Chunk> chunks, std::size_t size) {
    std::vector<Batch> batches;
    for (Chunk& chunk : chunks) {
      if (batches.empty() || batches.back().chunks.size() == size) {
        batches.push_back({.number = static_cast<std::int64_t>(batches.size()) + 1, .chunks = {}});
      }
      batches.back().chunks.push_back(std::move(chunk));
    }
    return batches;
  }
  Status Record(const Plan& plan, const Batch& batch, std::vector<FailedChunk> failed = {}) {
    return Claim(plan).RecordBatch(
        batch,
        {.failed = std::move(failed), .tokens = 7, .duration = std::chrono::milliseconds(5)});
  }
  /// Reads and records everything that is pending; the positions.
  std::string Embed(const Job& job, std::size_t batch_size = 4) {
    const Plan plan = MustPlan(job);
    const std::vector<Chunk> chunks = Pending(plan);
    for (const Batch& batch : Cut(chunks, batch_size)) EXPECT_OK(Record(plan, batch));
    return Positions(chunks);
  }
  std::string Counts(const Plan& plan) {
    const Survey survey = Look(plan);
    const auto totals = Claim(plan).Totals();
    EXPECT_OK(totals);
    return std::to_string(totals->total - survey.pending) + "/" + std::to_string(totals->total);
  }

  SystemClock clock_;
  const std::string name_ = Server().CreateDatabase();
  const std::unique_ptr<Database> database_ = OpenDatabase();
  const std::unique_ptr<PostgresStore> store_ = std::make_unique<PostgresStore>(*database_);
  Surroundings surroundings_{
      .maker = "maker", .dimensions = 8, .collection_empty = false, .collection_maker = {}};

 private:
  std::unique_ptr<TargetClaim> claim_;
  std::string claimed_;
};

}  // namespace dsw
