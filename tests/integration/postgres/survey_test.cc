// SPDX-License-Identifier: Apache-2.0
//
// When records hold, when they are void, and what may have been written without a record.
#include "host/postgres/item_contents.h"
#include "tests/integration/postgres/store_test.h"

namespace dsw {
namespace {

class SurveyTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    MakeTransform();
  }
  void Finish(const std::string& job) { ASSERT_OK(Claim(MustPlan(MakeJob(job))).Finish()); }
};

TEST_F(SurveyTest, AnotherMakerEmbedsAllAgainOnce) {
  AddItems(3, 2);
  Embed(MakeJob("a"));
  Finish("a");
  surroundings_.maker = "other";
  const Survey survey = Look(MustPlan(MakeJob("b")));
  EXPECT_EQ(survey.pending, 6);
  EXPECT_NE(survey.start_over.find("before maker"), std::string::npos) << survey.start_over;
  EXPECT_EQ(Embed(MakeJob("b"), 4), "1.0 1.1 2.0 2.1 3.0 3.1");
  EXPECT_EQ(Embed(MakeJob("c")), "");
}

TEST_F(SurveyTest, AnEmptyCollectionVoidsItsRecords) {
  AddItems(3, 2);
  surroundings_.collection_empty = true;
  EXPECT_EQ(Look(MustPlan(MakeJob("a"))).start_over, "") << "nothing was there before";
  Embed(MakeJob("a"));
  Finish("a");
  EXPECT_EQ(Look(MustPlan(MakeJob("b"))).start_over, "the collection is empty");
}

TEST_F(SurveyTest, ChunksThatAllFailedLeaveTheCollectionEmptyRightly) {
  AddItems(1, 1);
  const Plan plan = MustPlan(MakeJob("a"));
  ASSERT_OK(Record(plan, Cut(Pending(plan), 1)[0], {{{1, 0}, "refused"}}));
  surroundings_.collection_empty = true;
  EXPECT_EQ(Look(MustPlan(MakeJob("b"))).start_over, "");
}

TEST_F(SurveyTest, ACollectionOfAnotherMakerIsRefused) {
  AddItems(1, 1);
  surroundings_.collection_maker = "somebody's";
  EXPECT_FAIL(Claim(MustPlan(MakeJob("a"))).Look(surroundings_), Code::kConflict,
              "holds vectors made by somebody's");
  surroundings_.collection_empty = true;
  EXPECT_OK(Claim(MustPlan(MakeJob("a"))).Look(surroundings_));
}

TEST_F(SurveyTest, ItsOwnEarlierMakerIsNot) {
  AddItems(2, 1);
  Embed(MakeJob("a"));
  Finish("a");
  surroundings_ = {.maker = "new", .dimensions = 8, .collection_maker = "maker"};
  const Survey survey = Look(MustPlan(MakeJob("b")));
  EXPECT_EQ(survey.pending, 2);
  EXPECT_TRUE(survey.must_mark);
  EXPECT_OK(Claim(MustPlan(MakeJob("c"))).Look(surroundings_)) << "nor after an interruption";
}

TEST_F(SurveyTest, TextsThatMayHaveBeenStoredAreEmbeddedAgainWhateverTheyBecome) {
  AddItems(1, 2);
  Embed(MakeJob("a"));
  const std::string original = Sql("SELECT chunks FROM dataset_items");
  Sql("UPDATE dataset_items SET chunks = jsonb_set(chunks, '{0,content}', '\"other\"')");
  EXPECT_EQ(Positions(Pending(MustPlan(MakeJob("b")))), "1.0 1.1");
  // Stored, but not recorded; and then the item is what it was before.
  Sql("UPDATE dataset_items SET chunks = '" + original + "'");
  EXPECT_EQ(Positions(Pending(MustPlan(MakeJob("c")))), "1.0 1.1");
}

TEST_F(SurveyTest, PointsThatMayHaveBeenStoredAreKnownWhenTheirItemGoes) {
  AddItems(2, 3);
  EXPECT_EQ(Pending(MustPlan(MakeJob("a"))).size(), 6u);
  Sql("DELETE FROM dataset_items WHERE item_id = 2;"
      "UPDATE dataset_items SET chunks = chunks - 2 WHERE item_id = 1");
  const Plan plan = MustPlan(MakeJob("b"));
  EXPECT_TRUE(Look(plan).stale);
  ASSERT_OK_AND_ASSIGN(const std::vector<StaleItem> stale, Claim(plan).ListStale(0, 10));
  ASSERT_EQ(stale.size(), 2u);
  EXPECT_EQ(stale[0].keep, 2);
  EXPECT_EQ(stale[0].stored, 3);
  EXPECT_EQ(stale[1].keep, 0);
}

TEST_F(SurveyTest, WhatALateWriterTookBackIsPendingAndWhatItsSuccessorRecordsOfItDoesNotCount) {
  AddItems(2, 2);
  const Plan plan = MustPlan(MakeJob("a"));
  const std::vector<Batch> batches = Cut(Pending(plan), 2);
  ASSERT_OK(Claim(plan).Disown(std::vector<std::int64_t>{1}));
  ASSERT_OK(Record(plan, batches[0]));
  ASSERT_OK(Record(plan, batches[1]));
  EXPECT_EQ(Embed(MakeJob("b")), "1.0 1.1");
}

TEST_F(SurveyTest, TheWatermarkIsWhatTheRunReadAtItsStart) {
  AddItems(2, 1);
  Sql("UPDATE datasets SET updated_at = '2020-01-01'");
  const Plan plan = MustPlan(MakeJob("a"));
  const std::vector<Batch> batches = Cut(Pending(plan), 2);
  AddItems(1, 1);
  for (const Batch& batch : batches) ASSERT_OK(Record(plan, batch));
  ASSERT_OK(Claim(plan).Finish());
  EXPECT_EQ(Sql("SELECT last_processed_item_id, source_dataset_version::date FROM "
                "embedded_datasets"),
            "2|2020-01-01");
}

TEST_F(SurveyTest, ItemsFromBeforeTheTriggersAreCaughtUpWith) {
  AddItems(1200, 1);
  Sql("DELETE FROM dataset_item_contents WHERE item_id > 3;"
      "INSERT INTO dataset_item_contents VALUES (1, 9999, 'x', 5)");
  EXPECT_EQ(Counts(MustPlan(MakeJob("a"))), "0/1200");
  EXPECT_EQ(Sql("SELECT count(*) FROM dataset_item_contents"), "1200");
}

TEST_F(SurveyTest, TheUnchangedIsRecognisedWithoutReadingATitleOrAText) {
  AddItems(50, 3);
  Embed(MakeJob("a"));
  Finish("a");
  const auto database = OpenBlind();
  PostgresStore blind(*database);
  ASSERT_OK_AND_ASSIGN(const Plan plan, blind.LoadPlan(MakeJob("b")));
  ASSERT_OK_AND_ASSIGN(const auto claim, blind.Claim(plan, plan.targets[0], {.holder = "blind"}));
  ASSERT_OK_AND_ASSIGN(const Survey survey, claim->Look(surroundings_));
  EXPECT_EQ(survey.pending, 0);
  EXPECT_FALSE(survey.stale);
  EXPECT_OK(claim->Finish());
}

TEST_F(SurveyTest, TheSizesOfItemsAreKept) {
  AddItems(4, 3);
  Sql("UPDATE dataset_items SET chunks = '[\"a longer one\"]' WHERE item_id = 2;"
      "DELETE FROM dataset_item_contents WHERE item_id = 3;"
      "UPDATE dataset_item_contents SET bytes = NULL WHERE item_id = 4");
  Look(MustPlan(MakeJob("a")));
  const std::string kept =
      "SELECT string_agg((c.bytes = octet_length(i.chunks::text))::text, ' ' ORDER BY item_id) "
      "FROM dataset_items i LEFT JOIN dataset_item_contents c USING (dataset_id, item_id)";
  EXPECT_EQ(Sql(kept), "true true true") << "one that has none since before costs no reading";
  ASSERT_OK_AND_ASSIGN(const std::int64_t wrong, RecomputeContents(*database_, 1));
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(Sql(kept), "true true true true");
}

TEST_F(SurveyTest, WritersNeedNoRightsOnTheWorkersTables) {
  Sql("CREATE ROLE writer_" + name_ +
      ";"
      "GRANT SELECT, INSERT, UPDATE, DELETE ON dataset_items, datasets TO writer_" +
      name_ +
      ";"
      "GRANT USAGE ON SEQUENCE dataset_items_item_id_seq TO writer_" +
      name_ +
      ";"
      "SET ROLE writer_" +
      name_ +
      ";"
      "INSERT INTO dataset_items (dataset_id, title, chunks) VALUES (1, 'a', '[\"x\"]');"
      "UPDATE dataset_items SET chunks = '[\"x\", \"y\"]'");
  EXPECT_EQ(Sql("SELECT chunk_count FROM dataset_item_contents"), "2");
}

TEST_F(SurveyTest, BatchRecordsOfRunsThatEndedLongAgoGo) {
  AddItems(2, 1);
  Embed(MakeJob("a"), 1);
  Finish("a");
  Sql("UPDATE dataset_transform_runs SET ended_at = now() - interval '31 days'");
  AddItems(1, 1);
  Embed(MakeJob("b"), 1);
  Finish("b");
  EXPECT_EQ(Sql("SELECT DISTINCT job_id FROM dataset_transform_batches"), "b");
  EXPECT_EQ(Embed(MakeJob("c")), "") << "they were not what says that it is done";
}

TEST_F(SurveyTest, TotalsAreThoseOfTheWholeRun) {
  AddItems(4, 2);
  const Plan plan = MustPlan(MakeJob("a"));
  const std::vector<Batch> batches = Cut(Pending(plan), 3);
  ASSERT_OK(Record(plan, batches[0], {{{1, 1}, "bad"}}));
  Look(plan);
  ASSERT_OK(Record(plan, batches[1]));
  ASSERT_OK_AND_ASSIGN(const RunTotals totals, Claim(plan).Totals());
  EXPECT_EQ(totals.total, 8);
  EXPECT_EQ(totals.done, 5);
  EXPECT_EQ(totals.failed, 1);
  EXPECT_EQ(totals.batches, 2);
  EXPECT_EQ(totals.tokens, 14);
  EXPECT_FALSE(totals.over);
}

TEST_F(SurveyTest, TotalsSayWhenTheRunIsOver) {
  AddItems(1, 2);
  const Plan plan = MustPlan(MakeJob("a"));
  Embed(MakeJob("a"));
  Finish("a");
  ASSERT_OK_AND_ASSIGN(const RunTotals totals, Claim(plan).Totals());
  EXPECT_TRUE(totals.over);
}

}  // namespace
}  // namespace dsw
