// SPDX-License-Identifier: Apache-2.0
//
// Lost connections, restarts, and several workers at once.
#include <atomic>
#include <thread>

#include "tests/integration/postgres/store_test.h"

#include <pqxx/pqxx>

namespace dsw {
namespace {

class DatabaseFaultTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    MakeTransform();
  }
};

TEST_F(DatabaseFaultTest, ReadingGoesOnAfterItsConnectionIsEnded) {
  AddItems(300, 10);
  Sql("INSERT INTO dataset_items (dataset_id, title, chunks) SELECT 1, 'large', "
      "jsonb_agg(c::text ORDER BY c) FROM generate_series(0, 4999) c");
  const Plan plan = MustPlan(MakeJob("a"));
  const auto cursor = OpenPending(plan);
  std::vector<Chunk> chunks;
  int ended = 0;
  for (const std::size_t step : {500u, 1'500u, 1'200u, 900u, 700u, 5'000u}) {
    std::vector<Chunk> more = ReadAll(*cursor, step);
    std::move(more.begin(), more.end(), std::back_inserter(chunks));
    ended += Server().TerminateBackends(name_);
  }
  EXPECT_GE(ended, 5);
  ASSERT_EQ(chunks.size(), 8'000u);
  std::set<ChunkPosition> seen;
  for (const Chunk& chunk : chunks) seen.insert({chunk.item->item_id, chunk.index});
  EXPECT_EQ(seen.size(), 8'000u);
}

TEST_F(DatabaseFaultTest, ALargeItemThatChangesDuringTheLossStartsAgain) {
  Sql("INSERT INTO dataset_items (dataset_id, title, chunks) SELECT 1, 'large', "
      "jsonb_agg('old'::text ORDER BY c) FROM generate_series(0, 2999) c");
  const Plan plan = MustPlan(MakeJob("a"));
  const auto cursor = OpenPending(plan);
  const std::vector<Chunk> before = ReadAll(*cursor, 500);
  Sql("UPDATE dataset_items SET chunks = (SELECT jsonb_agg('new'::text ORDER BY c) "
      "FROM generate_series(0, 1999) c)");
  Server().TerminateBackends(name_);
  const std::vector<Chunk> after = ReadAll(*cursor);
  ASSERT_EQ(after.size(), 2'000u);
  EXPECT_EQ(after.front().index, 0);
  EXPECT_EQ(after.front().text, "new");
  EXPECT_NE(after.front().item->content_hash, before.front().item->content_hash);
}

TEST_F(DatabaseFaultTest, RecordsSurviveConnectionsThatAreEndedAllTheTime) {
  AddItems(200, 5);
  const Plan plan = MustPlan(MakeJob("a"));
  const std::vector<Batch> batches = Cut(Pending(plan), 7);
  std::atomic<bool> over{false};
  std::atomic<int> ended{0};
  std::jthread killer([&] {
    while (!over) ended += Server().TerminateBackends(name_);
  });
  for (const Batch& batch : batches) EXPECT_OK(Record(plan, batch));
  over = true;
  killer.join();
  EXPECT_GT(ended, 0);
  EXPECT_EQ(Embed(MakeJob("b")), "");
  EXPECT_EQ(Sql("SELECT count(*), sum(chunk_count) FROM dataset_transform_batches"),
            std::to_string(batches.size()) + "|1000");
}

TEST_F(DatabaseFaultTest, WaitsForAServerThatRestarts) {
  AddItems(4, 2);
  const Plan plan = MustPlan(MakeJob("a"));
  const std::vector<Batch> batches = Cut(Pending(plan), 4);
  ASSERT_OK(Record(plan, batches[0]));
  Server().Stop();
  Status recorded = Fail(Code::kInternal, "not run");
  {
    std::jthread recorder([&] { recorded = Record(plan, batches[1]); });
    Server().Start();
  }
  EXPECT_OK(recorded);
  EXPECT_EQ(Counts(plan), "8/8");
}

TEST_F(DatabaseFaultTest, RecordsOutliveACrashOfTheServer) {
  AddItems(4, 2);
  const Plan plan = MustPlan(MakeJob("a"));
  ASSERT_OK(Record(plan, Cut(Pending(plan), 5)[0]));
  Server().Crash();
  Server().Start();
  EXPECT_EQ(Embed(MakeJob("a")), "3.1 4.0 4.1");
}

TEST_F(DatabaseFaultTest, SaysWhichServerCannotBeReached) {
  const auto impatient = OpenDatabase(std::chrono::milliseconds(200));
  PostgresStore store(*impatient);
  ASSERT_OK(store.Health());
  Server().Stop();
  const std::string where = "database 127.0.0.1:" + std::to_string(Server().port()) + "/" + name_;
  EXPECT_FAIL(store.Health(), Code::kUnavailable, where);
  EXPECT_FAIL(store.LoadPlan(MakeJob("a")), Code::kUnavailable, where);
  Server().Start();
  EXPECT_OK(store.LoadPlan(MakeJob("a")));
}

TEST_F(DatabaseFaultTest, APasswordIsNeverInAnError) {
  const std::string url =
      "postgresql://nobody:sesame-open@127.0.0.1:" + std::to_string(Server().port()) + "/" + name_;
  ASSERT_OK_AND_ASSIGN(
      const auto database,
      Database::Open({.url = url, .retry_for = std::chrono::milliseconds(0)}, clock_));
  PostgresStore store(*database);
  const Status health = store.Health();
  ASSERT_FALSE(health);
  EXPECT_EQ(health.error().message.find("sesame"), std::string::npos) << health.error().message;
  EXPECT_NE(health.error().message.find("nobody"), std::string::npos) << health.error().message;
}

TEST_F(DatabaseFaultTest, StatementsAreGivenUpAfterTheirTime) {
  ASSERT_OK_AND_ASSIGN(const auto database,
                       Database::Open({.url = Server().Url(name_),
                                       .short_limit = std::chrono::milliseconds(100),
                                       .retry_for = std::chrono::milliseconds(0)},
                                      clock_));
  PostgresStore store(*database);
  Sql("CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS "
      "$$ BEGIN PERFORM pg_sleep(60); RETURN NEW; END $$;"
      "CREATE TRIGGER slow BEFORE INSERT ON dataset_transform_job_failures "
      "FOR EACH ROW EXECUTE FUNCTION slow()");
  EXPECT_FAIL(store.NoteFailure(MakeJob("a"), {}, true), Code::kUnavailable, "no answer for 0.1 s");
}

TEST_F(DatabaseFaultTest, BatchesMayBeRecordedFromManyThreadsAndMoreThanOnce) {
  AddItems(60, 5);
  const Plan plan = MustPlan(MakeJob("a"));
  const std::vector<Batch> batches = Cut(Pending(plan), 7);
  TargetClaim& claim = Claim(plan);
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&, thread] {
        for (std::size_t i = 0; i < batches.size(); ++i) {
          // Two upwards, two downwards.
          const std::size_t at = thread % 2 == 0 ? i : batches.size() - 1 - i;
          EXPECT_OK(claim.RecordBatch(batches[at], {}));
        }
      });
    }
  }
  EXPECT_EQ(Sql("SELECT count(*), sum(chunk_count) FROM dataset_transform_batches"),
            std::to_string(batches.size()) + "|300");
  EXPECT_EQ(Embed(MakeJob("b")), "");
}

TEST_F(DatabaseFaultTest, BatchesThatWaitForARecordShareTheNextAndNoneIsDoneBeforeIt) {
  AddItems(10, 2);
  const Plan plan = MustPlan(MakeJob("a"));
  // An item's chunks are in two of them.
  const std::vector<Batch> batches = Cut(Pending(plan), 3);
  TargetClaim& claim = Claim(plan);
  std::atomic<std::size_t> begun = 0;
  std::atomic<int> done = 0;
  std::vector<std::jthread> threads;
  pqxx::connection connection(Server().Url(name_));
  {
    pqxx::work takeover(connection);
    takeover.exec("SELECT FROM dataset_transform_leases FOR UPDATE");
    for (const Batch& batch : batches) {
      threads.emplace_back([&] {
        const Chunk& chunk = batch.chunks[0];
        ++begun;
        EXPECT_OK(
            claim.RecordBatch(batch, {.failed = {{{chunk.item->item_id, chunk.index}, "bad"}}}));
        ++done;
      });
    }
    while (begun < batches.size()) std::this_thread::yield();
    AwaitAWaitingLock();
    EXPECT_EQ(done, 0);
    takeover.commit();
  }
  threads.clear();
  EXPECT_EQ(Sql("SELECT count(*), sum(chunk_count) FROM dataset_transform_batches"), "7|20");
  EXPECT_EQ(Sql("SELECT count(DISTINCT xmin::text) < 7 FROM dataset_transform_batches"), "t");
  EXPECT_EQ(Sql("SELECT count(*) FROM dataset_transform_failed_chunks"), "7");
  EXPECT_EQ(Embed(MakeJob("b")), "");
}

TEST_F(DatabaseFaultTest, BatchesThatAreRecordedTogetherAreFencedTogether) {
  AddItems(10, 2);
  const Plan plan = MustPlan(MakeJob("a"));
  const std::vector<Batch> batches = Cut(Pending(plan), 5);
  TargetClaim& claim = Claim(plan);
  std::vector<std::jthread> threads;
  pqxx::connection connection(Server().Url(name_));
  {
    pqxx::work takeover(connection);
    takeover.exec("DELETE FROM dataset_transform_leases");
    for (const Batch& batch : batches) {
      threads.emplace_back([&] { EXPECT_FAIL(claim.RecordBatch(batch, {}), Code::kFenced); });
    }
    AwaitAWaitingLock();
    takeover.commit();
  }
  threads.clear();
  EXPECT_EQ(Sql("SELECT count(*) FROM dataset_transform_batches"), "0");
  EXPECT_EQ(Sql("SELECT count(*) FROM dataset_transform_items WHERE done <> '{}'"), "0");
}

TEST_F(DatabaseFaultTest, TwoWorkersMayMakeTheSameTargetAtOnce) {
  std::vector<std::int64_t> ids(6);
  {
    std::vector<std::jthread> workers;
    for (std::int64_t& id : ids) {
      workers.emplace_back([&] {
        const auto database = OpenDatabase();
        PostgresStore store(*database);
        const auto plan = store.LoadPlan(MakeJob("a"));
        EXPECT_OK(plan);
        if (plan) id = plan->targets[0].embedded_dataset_id;
      });
    }
  }
  EXPECT_THAT(ids, testing::Each(ids[0]));
  EXPECT_EQ(Sql("SELECT count(*) FROM embedded_datasets"), "1");
}

TEST_F(DatabaseFaultTest, APoolOfOneServesManyThreads) {
  ASSERT_OK_AND_ASSIGN(const auto database,
                       Database::Open({.url = Server().Url(name_), .pool_size = 1}, clock_));
  PostgresStore store(*database);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        for (int call = 0; call < 10; ++call) EXPECT_OK(store.LoadPlan(MakeJob("a")));
      });
    }
  }
  // Ours and the fixture's.
  EXPECT_EQ(Sql("SELECT count(*) FROM pg_stat_activity WHERE datname = '" + name_ +
                "' AND application_name = 'worker-datasets'"),
            "2");
}

}  // namespace
}  // namespace dsw
