// SPDX-License-Identifier: Apache-2.0
//
// Runs of one job that end at the same instant, on connections of their own.
#include <array>
#include <thread>

#include "tests/integration/postgres/store_test.h"

#include <pqxx/pqxx>

namespace dsw {
namespace {

class RunEndTest : public StoreTest {
 protected:
  /// A transform of two targets, of 20 chunks each.
  void SetUp() override {
    StoreTest::SetUp();
    MakeTransform();
    AddItems(10, 2);
    Sql("INSERT INTO embedders (name, owner_id, owner_display_name, provider, base_url) "
        "  VALUES ('f', 'owner', 'o', 'test', 'http://f');"
        "UPDATE dataset_transforms SET embedder_ids = '{1,2}'");
  }
  std::unique_ptr<TargetClaim> Take(const Plan& plan, const Target& target) {
    auto claim = store_->Claim(plan, target, {.holder = "test"});
    EXPECT_OK(claim);
    EXPECT_OK((*claim)->Look(surroundings_));
    return *std::move(claim);
  }
  static void Embed(TargetClaim& claim) {
    auto cursor = claim.OpenPending();
    EXPECT_OK(cursor);
    for (const Batch& batch : Cut(ReadAll(**cursor), 5)) EXPECT_OK(claim.RecordBatch(batch, {}));
  }
  /// The job's last range of a target, the others of which are done.
  std::unique_ptr<TargetClaim> TakeLastRange(const std::string& job_id, const Target& target) {
    Job job = MakeJob(job_id);
    std::vector<JobRange> ranges;
    {
      const auto whole = Take(MustPlan(job), target);
      auto split = whole->Split(10);
      EXPECT_OK(split);
      ranges = *split;
    }
    EXPECT_EQ(ranges.size(), 2u);
    job.embedded_dataset_id = target.embedded_dataset_id;
    std::unique_ptr<TargetClaim> claim;
    for (const JobRange& range : ranges) {
      if (claim) {
        EXPECT_OK(claim->Finish());
      }
      job.range = range;
      const Plan plan = MustPlan(job);
      claim = Take(plan, plan.targets[0]);
      Embed(*claim);
    }
    return claim;
  }
  /// Whoever ends a run keeps others from seeing it for a moment.
  void LingerBeforeCommit() {
    Sql("CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM pg_sleep(0.5); RETURN NULL; END $$;"
        "CREATE CONSTRAINT TRIGGER linger AFTER UPDATE OF outcome ON dataset_transform_runs "
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION linger()");
  }
  /// Finishes both at the same time; how many of them were told that the job is complete.
  static int FinishBoth(TargetClaim& one, TargetClaim& other) {
    std::array<bool, 2> told{};
    {
      std::vector<std::jthread> workers;
      for (std::size_t i = 0; i < told.size(); ++i) {
        workers.emplace_back([&, i] {
          const auto end = (i == 0 ? one : other).Finish();
          EXPECT_OK(end);
          if (!end) return;
          EXPECT_TRUE(end->complete);
          told[i] = end->job_complete;
        });
      }
    }
    return static_cast<int>(std::count(told.begin(), told.end(), true));
  }
};

TEST_F(RunEndTest, LastRangesOfTwoTargetsThatEndAtOnceEndTheJob) {
  const Plan plan = MustPlan(MakeJob("a"));
  ASSERT_EQ(plan.targets.size(), 2u);
  const auto one = TakeLastRange("a", plan.targets[0]);
  const auto other = TakeLastRange("a", plan.targets[1]);
  LingerBeforeCommit();
  EXPECT_EQ(FinishBoth(*one, *other), 1);
  EXPECT_EQ(Sql("SELECT total_chunks_embedded, total_chunks_to_process, successful_batches "
                "FROM dataset_transform_stats"),
            "40|40|8")
      << "each counts what the other has done";
}

TEST_F(RunEndTest, TheStatisticsKeepUpWithTwoJobsThatEndAtOnce) {
  const Plan a = MustPlan(MakeJob("a"));
  const Plan b = MustPlan(MakeJob("b"));
  const auto one = Take(a, a.targets[0]);
  const auto other = Take(b, b.targets[1]);
  Embed(*one);
  Embed(*other);
  LingerBeforeCommit();
  EXPECT_EQ(FinishBoth(*one, *other), 0);
  EXPECT_EQ(Sql("SELECT total_chunks_embedded FROM dataset_transform_stats"), "40");
}

TEST_F(RunEndTest, AJobWhoseTransformIsDeletedEndsToo) {
  const Plan plan = MustPlan(MakeJob("a"));
  const auto one = Take(plan, plan.targets[0]);
  const auto other = Take(plan, plan.targets[1]);
  Embed(*one);
  Embed(*other);
  Sql("DELETE FROM dataset_transforms");
  LingerBeforeCommit();
  EXPECT_EQ(FinishBoth(*one, *other), 1);
}

TEST_F(RunEndTest, AJobThatFailsLocksNothingThatWhoHoldsATargetWaitsFor) {
  const Plan plan = MustPlan(MakeJob("a"));
  const auto one = Take(plan, plan.targets[0]);
  const auto other = Take(plan, plan.targets[1]);
  pqxx::connection connection(Server().Url(name_));
  std::jthread failing;
  {
    pqxx::work end_of_a_range(connection);
    end_of_a_range.exec("SET LOCAL deadlock_timeout = '50ms'");
    end_of_a_range.exec(
        "SELECT FROM dataset_transform_targets WHERE embedded_dataset_id = 1 FOR UPDATE");
    failing = std::jthread(
        [&] { EXPECT_OK(store_->EndFailed(MakeJob("a"), {.message = "the second refused"})); });
    AwaitAWaitingLock();
    EXPECT_NO_THROW(
        end_of_a_range.exec("UPDATE dataset_transform_runs SET error = error "
                            "WHERE embedded_dataset_id = 1"));
    EXPECT_NO_THROW(end_of_a_range.commit());
  }
  failing.join();
  EXPECT_EQ(Sql("SELECT outcome, error FROM dataset_transform_runs"),
            "failed|the second refused\nfailed|the second refused");
}

TEST_F(RunEndTest, AnEmptyCollectionIsFoundWithoutWaitingInACircle) {
  const Plan plan = MustPlan(MakeJob("a"));
  const auto one = Take(plan, plan.targets[0]);
  const auto other = Take(plan, plan.targets[1]);
  Embed(*one);
  Sql("UPDATE embedded_datasets SET collection_name = 'shared'");
  const Plan shared = MustPlan(MakeJob("b"));
  ASSERT_OK(other->Release());
  auto claim = store_->Claim(shared, shared.targets[1], {.holder = "test"});
  ASSERT_OK(claim);
  pqxx::connection connection(Server().Url(name_));
  std::jthread looking;
  {
    pqxx::work end_of_a_job(connection);
    end_of_a_job.exec("SET LOCAL deadlock_timeout = '50ms'");
    const std::string lock = "SELECT FROM dataset_transform_targets WHERE embedded_dataset_id = ";
    end_of_a_job.exec(lock + "1 FOR UPDATE");
    looking = std::jthread([&] {
      EXPECT_OK((*claim)->Look(
          {.maker = "maker", .dimensions = 8, .collection_empty = true, .collection_maker = {}}));
    });
    AwaitAWaitingLock();
    EXPECT_NO_THROW(end_of_a_job.exec(lock + "2 FOR UPDATE"));
    EXPECT_NO_THROW(end_of_a_job.commit());
  }
  looking.join();
  EXPECT_EQ(Sql("SELECT generation FROM dataset_transform_targets ORDER BY 1"), "0\n1")
      << "what the first of them had recorded is void";
}

}  // namespace
}  // namespace dsw
