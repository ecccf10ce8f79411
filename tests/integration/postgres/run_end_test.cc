// SPDX-License-Identifier: Apache-2.0
//
// How runs end and what becomes of their job, also when several end at the same instant, on
// connections of their own.
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
  /// The job's ranges of a target, as jobs; two.
  std::vector<Job> ShareOut(const std::string& job_id, const Target& target) {
    std::vector<Job> jobs;
    const auto whole = Take(MustPlan(MakeJob(job_id)), target);
    const auto ranges = whole->Split(10);
    EXPECT_OK(ranges);
    for (const JobRange& range : *ranges) {
      jobs.push_back(MakeJob(job_id));
      jobs.back().embedded_dataset_id = target.embedded_dataset_id;
      jobs.back().range = range;
    }
    EXPECT_EQ(jobs.size(), 2u);
    return jobs;
  }
  RunEnd Finish(TargetClaim& claim) {
    const auto end = claim.Finish();
    EXPECT_OK(end);
    return end.value_or(RunEnd{});
  }
  RunEnd FinishRange(const Job& job) {
    const Plan plan = MustPlan(job);
    const auto claim = Take(plan, plan.targets[0]);
    Embed(*claim);
    return Finish(*claim);
  }
  RunEnd GiveUp(const Job& job, const Error& error) {
    const auto end = store_->EndFailed(job, error);
    EXPECT_OK(end);
    return end.value_or(RunEnd{});
  }
  std::string Outcomes() {
    return Sql(
        "SELECT coalesce(outcome, '') FROM dataset_transform_runs ORDER BY "
        "embedded_dataset_id");
  }

  /// The job's last range of a target, the others of which are done.
  std::unique_ptr<TargetClaim> TakeLastRange(const std::string& job_id, const Target& target) {
    const std::vector<Job> ranges = ShareOut(job_id, target);
    FinishRange(ranges[0]);
    const Plan plan = MustPlan(ranges[1]);
    auto claim = Take(plan, plan.targets[0]);
    Embed(*claim);
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
          told[i] = end->job.over;
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

TEST_F(RunEndTest, AJobIsOverOnceAllOfItsTargetsAreAndNoSuccessWhenOneFailed) {
  const Plan plan = MustPlan(MakeJob("a"));
  const std::vector<Job> ranges = ShareOut("a", plan.targets[0]);
  const auto other = Take(plan, plan.targets[1]);
  Embed(*other);
  EXPECT_FALSE(GiveUp(ranges[0], {.message = "refused"}).complete);
  const RunEnd one = GiveUp(ranges[1], {.message = "refused, too"});
  EXPECT_TRUE(one.complete);
  EXPECT_FALSE(one.job.over) << "the other target still runs";
  const RunEnd last = Finish(*other);
  EXPECT_TRUE(last.job.over);
  EXPECT_EQ(last.job.failure, "refused, too");
  EXPECT_EQ(Sql("SELECT last_outcome, last_error, failed_batches FROM dataset_transform_stats"),
            "failed|refused, too|1");

  EXPECT_EQ(FinishRange(ranges[0]).job.failure, "1 of the job's ranges given up") << "replayed";
  const RunEnd replayed = FinishRange(ranges[1]);
  EXPECT_TRUE(replayed.job.over);
  EXPECT_EQ(replayed.job.failure, "");
  EXPECT_EQ(Sql("SELECT last_outcome, last_error, failed_batches, successful_batches, "
                "total_chunks_embedded FROM dataset_transform_stats"),
            "success||1|8|40");
}

TEST_F(RunEndTest, AJobIsNotOverBeforeTheTargetsItHasYetToComeTo) {
  const Plan plan = MustPlan(MakeJob("a"));
  const std::vector<Job> ranges = ShareOut("a", plan.targets[0]);
  GiveUp(ranges[0], {.message = "refused"});
  EXPECT_FALSE(GiveUp(ranges[1], {.message = "refused"}).job.over);
  Sql("DELETE FROM embedded_datasets WHERE embedded_dataset_id = 2");
  const RunEnd again = GiveUp(ranges[1], {.message = "refused"});
  EXPECT_TRUE(again.job.over) << "what is deleted does not come";
}

TEST_F(RunEndTest, AJobThatEndsAsAWholeLeavesItsRangesToGoOn) {
  const Plan plan = MustPlan(MakeJob("a"));
  const std::vector<Job> ranges = ShareOut("a", plan.targets[0]);
  const RunEnd whole = GiveUp(MakeJob("a"), {.message = "the second refused"});
  EXPECT_FALSE(whole.complete);
  EXPECT_FALSE(whole.job.over);
  EXPECT_EQ(Outcomes(), "\nfailed");
  EXPECT_FALSE(FinishRange(ranges[0]).job.over);
  const RunEnd last = FinishRange(ranges[1]);
  EXPECT_TRUE(last.complete);
  EXPECT_TRUE(last.job.over);
  EXPECT_EQ(last.job.failure, "the second refused");
  EXPECT_EQ(Outcomes(), "success\nfailed");
  EXPECT_EQ(Sql("SELECT last_outcome, last_error FROM dataset_transform_stats"),
            "failed|the second refused");
}

TEST_F(RunEndTest, AJobThatComesAgainLeavesRangesThatWereGivenUpToTheirDeadLetters) {
  const Plan plan = MustPlan(MakeJob("a"));
  const std::vector<Job> ranges = ShareOut("a", plan.targets[0]);
  for (const Job& range : ranges) GiveUp(range, {.message = "refused"});
  const auto again = store_->Claim(plan, plan.targets[0], {.holder = "test"});
  ASSERT_OK(again);
  EXPECT_TRUE((*again)->over());
  EXPECT_FALSE((*again)->job().over);
  EXPECT_EQ((*again)->job().failure, "refused");
  EXPECT_EQ(Outcomes(), "failed\n");
  const Plan replayed = MustPlan(ranges[0]);
  const auto range = Take(replayed, replayed.targets[0]);
  EXPECT_FALSE(range->over());
  EXPECT_EQ(Outcomes(), "\n");
}

TEST_F(RunEndTest, WhatHasSucceededIsNoFailureWhateverComesAfter) {
  const Plan plan = MustPlan(MakeJob("a"));
  const std::vector<Job> ranges = ShareOut("a", plan.targets[0]);
  for (const Target& target : plan.targets) {
    const auto claim = Take(plan, target);
    Embed(*claim);
    Finish(*claim);
  }
  for (const Job& late : {MakeJob("a"), ranges[0]}) {
    const RunEnd end = GiveUp(late, {.code = Code::kWithdrawn, .message = "disabled"});
    EXPECT_TRUE(end.job.over);
    EXPECT_EQ(end.job.failure, "");
    ASSERT_TRUE(end.reached.has_value());
    EXPECT_EQ(end.reached->totals.done, 20);
    EXPECT_EQ(end.reached->totals.total, 20);
  }
  EXPECT_EQ(Outcomes(), "success\nsuccess");
  EXPECT_EQ(Sql("SELECT count(*) FROM dataset_transform_ranges WHERE state = 'dead'"), "0");
  EXPECT_EQ(Sql("SELECT last_outcome, last_error, failed_batches, successful_batches FROM "
                "dataset_transform_stats"),
            "success||0|8");
}

TEST_F(RunEndTest, AnEndThatIsWrittenDownTwiceCountsOnce) {
  const Error refused{.message = "refused"};
  const auto failed = [&] { return Sql("SELECT failed_batches FROM dataset_transform_stats"); };
  for (int i = 0; i < 2; ++i) {
    const RunEnd never_begun = GiveUp(MakeJob("never begun"), refused);
    EXPECT_TRUE(never_begun.job.over);
    EXPECT_EQ(never_begun.job.failure, "refused");
    EXPECT_EQ(failed(), "1");
  }
  const Plan plan = MustPlan(MakeJob("a"));
  for (int i = 0; i < 2; ++i) {
    const auto claim = Take(plan, plan.targets[0]);
    if (i == 0) Embed(*claim);
    for (int j = 0; j < 2; ++j) GiveUp(MakeJob("a"), refused);
    EXPECT_EQ(failed(), "2") << "a job that is tried again fails once";
  }
  EXPECT_EQ(Sql("SELECT successful_batches, total_chunks_dispatched FROM dataset_transform_stats"),
            "4|20");
}

TEST_F(RunEndTest, ARunThatNeverLookedAtItsTargetKnowsNothingOfIt) {
  const Plan first = MustPlan(MakeJob("a"));
  for (const Target& target : first.targets) {
    const auto claim = Take(first, target);
    Embed(*claim);
    Finish(*claim);
  }
  const Plan plan = MustPlan(MakeJob("b"));
  ASSERT_OK(store_->Claim(plan, plan.targets[0], {.holder = "test"}));
  const RunEnd end = GiveUp(MakeJob("b"), {.message = "the embedder is down"});
  EXPECT_TRUE(end.job.over);
  EXPECT_FALSE(end.reached.has_value());
  EXPECT_EQ(Sql("SELECT last_outcome, total_chunks_embedded, total_chunks_to_process FROM "
                "dataset_transform_stats"),
            "failed|40|40");
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
