// SPDX-License-Identifier: Apache-2.0
//
// One runner per target: claims, takeovers, and what a runner can still do that lost its own.
#include <thread>

#include "tests/integration/postgres/store_test.h"

namespace dsw {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class ClaimTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    MakeTransform();
    AddItems(10, 2);
  }
  Result<std::unique_ptr<TargetClaim>> Take(const Plan& plan, const std::string& holder = "one",
                                            milliseconds lease = seconds(60)) {
    return store_->Claim(plan, plan.targets[0], {.holder = holder, .lease = lease});
  }
  /// As if the holder had not been heard of for long.
  void LetLeasesRunOut() {
    Sql("UPDATE dataset_transform_leases SET expires_at = clock_timestamp() - interval '1 second'");
  }
  /// Of workers that died without a word.
  std::vector<std::unique_ptr<TargetClaim>> dead_;

  Plan RangePlan(const std::string& job, JobRange range) {
    Job one = MakeJob(job);
    one.embedded_dataset_id = 1;
    one.range = range;
    return MustPlan(one);
  }
};

TEST_F(ClaimTest, IsGrantedToOneAtATime) {
  const Plan plan = MustPlan(MakeJob("a"));
  ASSERT_OK_AND_ASSIGN(const auto claim, Take(plan));
  const auto second = Take(MustPlan(MakeJob("b")), "two");
  ASSERT_TRUE(FailsWith(second, Code::kHeld, "worker one is at embedded dataset 1 for job a"));
  EXPECT_GT(*second.error().retry_after, seconds(50));
  EXPECT_FAIL(Take(plan, "two"), Code::kHeld) << "nor to a second delivery of the same job";
  ASSERT_OK(claim->Release());
  EXPECT_OK(Take(MustPlan(MakeJob("b")), "two"));
}

TEST_F(ClaimTest, TokensGrow) {
  std::int64_t last = 0;
  for (int i = 0; i < 5; ++i) {
    ASSERT_OK_AND_ASSIGN(const auto claim, Take(MustPlan(MakeJob("a"))));
    EXPECT_GT(claim->token(), last);
    EXPECT_LT(claim->token(), std::int64_t{1} << 53) << "a sink may keep it as a double";
    last = claim->token();
  }
}

TEST_F(ClaimTest, WhoLostItWritesNothing) {
  const Plan plan = MustPlan(MakeJob("a"));
  ASSERT_OK_AND_ASSIGN(const auto old, Take(plan));
  ASSERT_OK(old->Look(surroundings_));
  ASSERT_OK_AND_ASSIGN(const auto cursor, old->OpenPending());
  const std::vector<Batch> batches = Cut(ReadAll(*cursor), 5);
  ASSERT_OK(old->RecordBatch(batches[0], {}));
  LetLeasesRunOut();
  EXPECT_OK(old->RecordBatch(batches[1], {})) << "nobody else has it yet";
  ASSERT_OK_AND_ASSIGN(const auto successor, Take(plan, "two"));

  EXPECT_FAIL(old->Renew(), Code::kFenced);
  EXPECT_FAIL(old->RecordBatch(batches[2], {}), Code::kFenced);
  EXPECT_FAIL(old->RecordRemoval(std::vector<StaleItem>{{1, 0, 2}}), Code::kFenced);
  EXPECT_FAIL(old->Finish(), Code::kFenced);
  EXPECT_FAIL(old->Look(surroundings_), Code::kFenced);
  EXPECT_FAIL((*old->OpenPending())->Next(), Code::kFenced);
  EXPECT_EQ(Sql("SELECT count(*) FROM dataset_transform_batches"), "2");
  ASSERT_OK(old->Release());
  EXPECT_OK(successor->Renew()) << "a lost claim that is released is left alone";
}

TEST_F(ClaimTest, ARunnerWhoseTransformIsDeletedIsTold) {
  ASSERT_OK_AND_ASSIGN(const auto claim, Take(MustPlan(MakeJob("a"))));
  Sql("DELETE FROM embedded_datasets; DELETE FROM dataset_transforms");
  EXPECT_FAIL(claim->Renew(), Code::kWithdrawn, "deleted");
  EXPECT_FAIL(claim->Totals(), Code::kWithdrawn, "deleted") << "not nothing of nothing";
  EXPECT_FAIL(store_->LoadPlan(MakeJob("other")), Code::kNotFound);
}

TEST_F(ClaimTest, ADisabledTransformIsNoticedWithTheNextRecord) {
  const Plan plan = MustPlan(MakeJob("a"));
  const std::vector<Batch> batches = Cut(Pending(plan), 5);
  Sql("UPDATE dataset_transforms SET is_enabled = false");
  EXPECT_FAIL(Record(plan, batches[0]), Code::kWithdrawn, "disabled");
  EXPECT_EQ(Sql("SELECT count(*) FROM dataset_transform_batches"), "1") << "what was done is kept";
}

TEST_F(ClaimTest, ADeathMakesASuspectWhoseDeathsCountOnceItRanAlone) {
  const Plan plan = MustPlan(MakeJob("a"));
  for (int death = 1; death <= 3; ++death) {
    ASSERT_OK_AND_ASSIGN(auto claim, Take(plan, "mortal"));
    EXPECT_EQ(claim->suspected(), death > 1);
    dead_.push_back(std::move(claim));
    LetLeasesRunOut();
  }
  ASSERT_OK_AND_ASSIGN(const auto claim, Take(plan, "mortal"));
  EXPECT_TRUE(claim->suspected());
  ASSERT_OK_AND_ASSIGN(const FailureCount count, store_->Failures(MakeJob("a")));
  EXPECT_EQ(count.failures, 0) << "others may have killed the worker each time";
  EXPECT_EQ(count.last.value_or(Error{}).message, "worker mortal died or was stopped");
  ASSERT_OK(claim->Release());
  ASSERT_OK_AND_ASSIGN(const auto other, Take(MustPlan(MakeJob("b"))));
  EXPECT_FALSE(other->suspected()) << "nor is the whole transform";
}

TEST_F(ClaimTest, ASuspectThatRanAloneAndLivesIsOneNoMore) {
  const Plan plan = MustPlan(MakeJob("a"));
  const auto suspected = [&] {
    const auto claim = Take(plan);
    EXPECT_OK(claim);
    return claim && (*claim)->suspected();
  };
  const auto die = [&] {
    auto claim = Take(plan);
    EXPECT_OK(claim);
    dead_.push_back(*std::move(claim));
    LetLeasesRunOut();
  };
  die();
  EXPECT_TRUE(suspected());
  EXPECT_TRUE(suspected()) << "it gave the claim back before it was alone";
  {
    ASSERT_OK_AND_ASSIGN(const auto claim, Take(plan));
    ASSERT_OK(claim->RunAlone());
  }
  EXPECT_FALSE(suspected());
  die();
  ASSERT_OK_AND_ASSIGN(auto claim, Take(plan));
  EXPECT_TRUE(claim->suspected());
  ASSERT_OK(claim->RunAlone());
  ASSERT_OK(claim->Trust());
  dead_.push_back(std::move(claim));
  LetLeasesRunOut();
  EXPECT_TRUE(suspected()) << "others were beside it again";
  ASSERT_OK_AND_ASSIGN(const FailureCount count, store_->Failures(MakeJob("a")));
  EXPECT_EQ(count.failures, 0);
}

TEST_F(ClaimTest, WhoLostItIsNotSaidToRunAlone) {
  const Plan plan = MustPlan(MakeJob("a"));
  ASSERT_OK_AND_ASSIGN(const auto old, Take(plan));
  LetLeasesRunOut();
  ASSERT_OK_AND_ASSIGN(const auto successor, Take(plan, "two"));
  EXPECT_FAIL(old->RunAlone(), Code::kFenced);
}

TEST_F(ClaimTest, ADeathAloneIsAFailureUnlessSomethingWasRecorded) {
  const Plan plan = MustPlan(MakeJob("a"));
  for (int death = 1; death <= 2; ++death) {
    ASSERT_OK_AND_ASSIGN(auto claim, Take(plan, "mortal"));
    ASSERT_OK(claim->RunAlone());
    dead_.push_back(std::move(claim));
    LetLeasesRunOut();
  }
  ASSERT_OK_AND_ASSIGN(auto claim, Take(plan, "mortal"));
  ASSERT_OK_AND_ASSIGN(const FailureCount twice, store_->Failures(MakeJob("a")));
  EXPECT_EQ(twice.failures, 2);
  EXPECT_EQ(twice.last.value_or(Error{}).message, "worker mortal died or was stopped");

  ASSERT_OK(claim->Look(surroundings_));
  ASSERT_OK_AND_ASSIGN(const auto cursor, claim->OpenPending());
  const std::vector<Batch> batches = Cut(ReadAll(*cursor), 5);
  ASSERT_OK(claim->RecordBatch(batches[0], {}));
  dead_.push_back(std::move(claim));
  LetLeasesRunOut();
  ASSERT_OK_AND_ASSIGN(auto after, Take(plan, "two"));
  ASSERT_OK_AND_ASSIGN(const FailureCount none, store_->Failures(MakeJob("a")));
  EXPECT_EQ(none.failures, 0);
  EXPECT_FALSE(after->suspected());
}

TEST_F(ClaimTest, RangesOfTheSameNumberOfTwoTargetsFailApart) {
  Sql("INSERT INTO embedders (name, owner_id, owner_display_name, provider, base_url) "
      "  VALUES ('f', 'owner', 'o', 'test', 'http://f');"
      "UPDATE dataset_transforms SET embedder_ids = '{1,2}'");
  MustPlan(MakeJob("a"));
  const auto failures_of = [&](const Job& job) {
    const auto count = store_->Failures(job);
    EXPECT_OK(count);
    return count ? count->failures : -1;
  };
  std::vector<Job> jobs(2, MakeJob("a"));
  for (std::size_t i = 0; i < 2; ++i) {
    jobs[i].embedded_dataset_id = static_cast<std::int64_t>(i) + 1;
    jobs[i].range = JobRange{.number = 0, .first_item = 0, .last_item = 5};
  }
  ASSERT_OK(store_->NoteFailure(jobs[0], {.message = "refused"}, true));
  EXPECT_EQ(failures_of(jobs[0]), 1);
  EXPECT_EQ(failures_of(jobs[1]), 0);
  EXPECT_EQ(failures_of(MakeJob("a")), 0);

  for (int i = 0; i < 2; ++i) {
    const Plan plan = MustPlan(jobs[1]);
    ASSERT_OK_AND_ASSIGN(auto claim, Take(plan, "mortal"));
    EXPECT_EQ(claim->suspected(), i > 0);
    ASSERT_OK(claim->RunAlone());
    dead_.push_back(std::move(claim));
    LetLeasesRunOut();
  }
  EXPECT_EQ(failures_of(jobs[0]), 1);
  EXPECT_EQ(failures_of(jobs[1]), 1) << "the first of them died";
  ASSERT_OK_AND_ASSIGN(const auto neighbour, Take(MustPlan(jobs[0])));
  EXPECT_FALSE(neighbour->suspected());
  ASSERT_OK(store_->ClearFailures(jobs[1]));
  EXPECT_EQ(failures_of(jobs[0]), 1);
}

TEST_F(ClaimTest, FailuresOfJobsThatNeverCameBackAreForgotten) {
  for (const char* job : {"gone", "recent"}) {
    ASSERT_OK(store_->NoteFailure(MakeJob(job), {.message = "refused"}, true));
  }
  Sql("UPDATE dataset_transform_job_failures SET last_failed_at = now() - interval '31 days' "
      "WHERE job_id = 'gone'");
  const Plan plan = MustPlan(MakeJob("a"));
  Embed(MakeJob("a"));
  ASSERT_OK(Claim(plan).Finish());
  EXPECT_EQ(Sql("SELECT job_id FROM dataset_transform_job_failures"), "recent");
}

TEST_F(ClaimTest, ARangeOfADeletedTransformIsNotWantedAnyMore) {
  Job job = MakeJob("a");
  job.embedded_dataset_id = 1;
  job.range = JobRange{.number = 1, .first_item = 0, .last_item = 5};
  Sql("DELETE FROM dataset_transforms");
  EXPECT_FAIL(store_->LoadPlan(job), Code::kWithdrawn);
}

TEST_F(ClaimTest, ADeathSaysWhatWasUnderWay) {
  const Plan plan = MustPlan(MakeJob("a"));
  ASSERT_OK_AND_ASSIGN(auto claim, Take(plan, "mortal"));
  ASSERT_OK(claim->Look(surroundings_));
  ASSERT_OK_AND_ASSIGN(const auto cursor, claim->OpenPending());
  ASSERT_OK(cursor->Next());
  dead_.push_back(std::move(claim));
  LetLeasesRunOut();
  ASSERT_OK_AND_ASSIGN(const auto next, Take(plan));
  ASSERT_OK_AND_ASSIGN(const FailureCount count, store_->Failures(MakeJob("a")));
  EXPECT_EQ(count.last.value_or(Error{}).message,
            "worker mortal died or was stopped while chunks of items 1 to 10 were under way");
}

TEST_F(ClaimTest, ARunThatIsOverStaysSo) {
  const Plan plan = MustPlan(MakeJob("a"));
  Embed(MakeJob("a"));
  ASSERT_OK_AND_ASSIGN(const RunEnd end, Claim(plan).Finish());
  EXPECT_TRUE(end.complete);
  EXPECT_TRUE(end.job.over);
  EXPECT_EQ(end.job.failure, "");
  ASSERT_OK_AND_ASSIGN(const auto again, Take(plan));
  EXPECT_TRUE(again->over());
  EXPECT_TRUE(again->job().over);
  EXPECT_EQ(again->job().failure, "");
}

TEST_F(ClaimTest, AJobThatFailedMayBeTriedAgain) {
  const Plan plan = MustPlan(MakeJob("a"));
  Embed(MakeJob("a"));
  ASSERT_OK(Claim(plan).Release());
  ASSERT_OK(store_->EndFailed(MakeJob("a"), {.code = Code::kInvalid, .message = "refused"}));
  EXPECT_EQ(Sql("SELECT last_outcome, last_error, total_chunks_embedded FROM "
                "dataset_transform_stats"),
            "failed|refused|20");
  ASSERT_OK_AND_ASSIGN(const auto again, Take(plan));
  EXPECT_FALSE(again->over());
  ASSERT_OK(again->Look(surroundings_));
  ASSERT_OK(again->Finish());
  EXPECT_EQ(
      Sql("SELECT last_outcome, successful_batches, failed_batches, total_batches_dispatched, "
          "total_chunks_dispatched FROM dataset_transform_stats"),
      "success|5|1|5|20")
      << "each batch once";
}

TEST_F(ClaimTest, RangesAreClaimedApartAndTheLastOneClosesTheRun) {
  const Plan plan = MustPlan(MakeJob("a"));
  Look(plan);
  ASSERT_OK_AND_ASSIGN(const std::vector<JobRange> ranges, Claim(plan).Split(8));
  ASSERT_EQ(ranges.size(), 3u);
  EXPECT_EQ(ranges[0].first_item, 0);
  EXPECT_EQ(ranges[1].first_item, ranges[0].last_item + 1);
  EXPECT_EQ(ranges[2].last_item, std::numeric_limits<std::int64_t>::max());
  ASSERT_OK_AND_ASSIGN(const std::vector<JobRange> same, Claim(plan).Split(1));
  EXPECT_EQ(same, ranges) << "cut once per run";
  ASSERT_OK(Claim(plan).Release());

  ASSERT_OK_AND_ASSIGN(const auto first, Take(RangePlan("a", ranges[0])));
  ASSERT_OK_AND_ASSIGN(const auto second, Take(RangePlan("a", ranges[1]), "two"));
  EXPECT_FAIL(Take(MustPlan(MakeJob("b"))), Code::kHeld) << "the whole overlaps both";
  for (const auto* claim : {&first, &second}) {
    ASSERT_OK_AND_ASSIGN(const Survey survey, (*claim)->Look(surroundings_));
    EXPECT_EQ(survey.pending, 8);
    ASSERT_OK_AND_ASSIGN(const RunEnd end, (*claim)->Finish());
    EXPECT_FALSE(end.complete);
  }
  Job last = MakeJob("a");
  last.embedded_dataset_id = 1;
  last.range = ranges[2];
  ASSERT_OK_AND_ASSIGN(const RunEnd dead, store_->EndFailed(last, {.message = "given up"}));
  EXPECT_TRUE(dead.complete);
  EXPECT_EQ(dead.dead_ranges, 1);
  EXPECT_EQ(Sql("SELECT outcome FROM dataset_transform_runs WHERE job_id = 'a'"), "failed");

  ASSERT_OK_AND_ASSIGN(const auto replayed, Take(RangePlan("a", ranges[2])));
  ASSERT_OK(replayed->Look(surroundings_));
  ASSERT_OK_AND_ASSIGN(const RunEnd end, replayed->Finish());
  EXPECT_TRUE(end.job.over);
  EXPECT_EQ(end.job.failure, "");
  EXPECT_EQ(Sql("SELECT outcome FROM dataset_transform_runs WHERE job_id = 'a'"), "success");
}

TEST_F(ClaimTest, ARunWhoseLastRangeFinishesAfterOthersWereGivenUpHasFailed) {
  const Plan plan = MustPlan(MakeJob("a"));
  Look(plan);
  ASSERT_OK_AND_ASSIGN(const std::vector<JobRange> ranges, Claim(plan).Split(10));
  ASSERT_EQ(ranges.size(), 2u);
  ASSERT_OK(Claim(plan).Release());
  Job given_up = MakeJob("a");
  given_up.embedded_dataset_id = 1;
  given_up.range = ranges[0];
  ASSERT_OK_AND_ASSIGN(const RunEnd dead, store_->EndFailed(given_up, {.message = "refused"}));
  EXPECT_FALSE(dead.complete);

  const Plan last = RangePlan("a", ranges[1]);
  for (const Batch& batch : Cut(Pending(last), 5)) ASSERT_OK(Record(last, batch));
  ASSERT_OK_AND_ASSIGN(const RunEnd end, Claim(last).Finish());
  EXPECT_TRUE(end.complete);
  EXPECT_TRUE(end.job.over);
  EXPECT_EQ(end.job.failure, "1 of the job's ranges given up");
  EXPECT_EQ(end.dead_ranges, 1);
  EXPECT_EQ(Sql("SELECT outcome, error FROM dataset_transform_runs"),
            "failed|1 of the job's ranges given up");
  EXPECT_EQ(Sql("SELECT last_outcome, last_error, total_chunks_embedded, total_chunks_to_process, "
                "failed_batches, successful_batches FROM dataset_transform_stats"),
            "failed|1 of the job's ranges given up|10|20|1|2");
}

TEST_F(ClaimTest, RangesThatEndAtOnceEndTheRun) {
  const Plan plan = MustPlan(MakeJob("a"));
  Look(plan);
  ASSERT_OK_AND_ASSIGN(const std::vector<JobRange> ranges, Claim(plan).Split(8));
  ASSERT_EQ(ranges.size(), 3u);
  ASSERT_OK(Claim(plan).Release());
  ASSERT_OK_AND_ASSIGN(const auto claim, Take(RangePlan("a", ranges[2])));
  ASSERT_OK(claim->Look(surroundings_));
  Sql("CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS "
      "$$ BEGIN PERFORM pg_sleep(0.3); RETURN NULL; END $$;"
      "CREATE CONSTRAINT TRIGGER linger AFTER UPDATE ON dataset_transform_ranges "
      "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION linger()");
  {
    std::vector<std::jthread> workers;
    for (const JobRange& range : {ranges[0], ranges[1]}) {
      workers.emplace_back([this, range] {
        Job job = MakeJob("a");
        job.embedded_dataset_id = 1;
        job.range = range;
        EXPECT_OK(store_->EndFailed(job, {.message = "refused"}));
      });
    }
    workers.emplace_back([&] { EXPECT_OK(claim->Finish()); });
  }
  EXPECT_EQ(Sql("SELECT state FROM dataset_transform_ranges ORDER BY number"), "dead\ndead\ndone");
  EXPECT_EQ(Sql("SELECT outcome FROM dataset_transform_runs"), "failed");
}

TEST_F(ClaimTest, ATargetThatIsDeletedBeforeItIsClaimedIsWithdrawn) {
  const Plan plan = MustPlan(MakeJob("a"));
  Sql("DELETE FROM embedded_datasets; DELETE FROM dataset_transforms");
  EXPECT_FAIL(Take(plan), Code::kWithdrawn, "deleted");
}

}  // namespace
}  // namespace dsw
