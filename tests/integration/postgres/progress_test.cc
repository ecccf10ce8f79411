// SPDX-License-Identifier: Apache-2.0
//
// What is pending, what a record makes of it, and what is left after changes.
#include "tests/integration/postgres/store_test.h"

namespace dsw {
namespace {

class ProgressTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    MakeTransform();
  }
};

TEST_F(ProgressTest, ReadsChunksInOrderWithTheirItem) {
  AddItems(3, 2);
  const std::vector<Chunk> chunks = Pending(MustPlan(MakeJob("a")));
  EXPECT_EQ(Positions(chunks), "1.0 1.1 2.0 2.1 3.0 3.1");
  EXPECT_EQ(chunks[3].text, "2.1");
  EXPECT_EQ(chunks[3].metadata_json, R"({"c": 1})");
  EXPECT_EQ(chunks[3].item->title, "item 2");
  EXPECT_EQ(chunks[3].item->metadata_json, R"({"source_file": "2.txt"})");
  EXPECT_EQ(chunks[3].item->chunk_count, 2);
  EXPECT_EQ(chunks[3].item, chunks[2].item);
}

TEST_F(ProgressTest, NothingIsPendingOnceRecorded) {
  AddItems(5, 3);
  EXPECT_EQ(Counts(MustPlan(MakeJob("a"))), "0/15");
  Embed(MakeJob("a"));
  EXPECT_EQ(Embed(MakeJob("b")), "");
  EXPECT_EQ(Counts(MustPlan(MakeJob("b"))), "15/15");
}

TEST_F(ProgressTest, ResumesWithAnotherBatchSize) {
  AddItems(4, 3);
  const Plan plan = MustPlan(MakeJob("a"));
  const std::vector<Batch> batches = Cut(Pending(plan), 5);
  ASSERT_OK(Record(plan, batches[0]));
  EXPECT_EQ(Counts(plan), "5/12");
  EXPECT_EQ(Embed(MakeJob("a"), 2), "2.2 3.0 3.1 3.2 4.0 4.1 4.2");
  EXPECT_EQ(Embed(MakeJob("a"), 100), "");
}

TEST_F(ProgressTest, AcceptsBatchesInAnyOrder) {
  AddItems(1, 10);
  const Plan plan = MustPlan(MakeJob("a"));
  const std::vector<Batch> batches = Cut(Pending(plan), 2);
  for (const std::size_t i : {4u, 1u}) ASSERT_OK(Record(plan, batches[i]));
  EXPECT_EQ(Positions(Pending(plan)), "1.0 1.1 1.4 1.5 1.6 1.7");
  EXPECT_EQ(Counts(plan), "4/10");
  for (const std::size_t i : {3u, 0u, 2u}) ASSERT_OK(Record(plan, batches[i]));
  EXPECT_EQ(Positions(Pending(plan)), "");
}

TEST_F(ProgressTest, ABatchMayHaveGaps) {
  AddItems(2, 4);
  const Plan plan = MustPlan(MakeJob("a"));
  ASSERT_OK(Record(plan, Cut(Pending(plan), 2)[0]));
  ASSERT_OK(Record(plan, Cut(Pending(plan), 3)[1]));
  EXPECT_EQ(Positions(Pending(plan)), "1.2 1.3 2.0");
}

TEST_F(ProgressTest, ChangedItemsArePendingAgain) {
  AddItems(3, 2);
  Embed(MakeJob("a"));
  Sql("UPDATE dataset_items SET chunks = jsonb_set(chunks, '{1,content}', '\"new\"') "
      "WHERE item_id = 2");
  EXPECT_EQ(Counts(MustPlan(MakeJob("b"))), "4/6");
  const std::vector<Chunk> changed = Pending(MustPlan(MakeJob("b")));
  EXPECT_EQ(Positions(changed), "2.0 2.1");
  EXPECT_EQ(changed[1].text, "new");
  Embed(MakeJob("b"));
  Sql("UPDATE dataset_items SET title = 'other' WHERE item_id = 1;"
      "UPDATE dataset_items SET metadata = '{\"author\": \"x\"}' WHERE item_id = 3");
  EXPECT_EQ(Embed(MakeJob("c")), "1.0 1.1 3.0 3.1");
}

TEST_F(ProgressTest, ARecordOfOldContentDoesNotCoverNewContent) {
  AddItems(1, 2);
  const Plan plan = MustPlan(MakeJob("a"));
  const std::vector<Chunk> old = Pending(plan);
  Sql("UPDATE dataset_items SET title = 'other'");
  for (const Batch& batch : Cut(old, 2)) ASSERT_OK(Record(plan, batch));
  EXPECT_EQ(Positions(Pending(plan)), "1.0 1.1");
}

TEST_F(ProgressTest, FullModeEmbedsEverythingOncePerJob) {
  AddItems(2, 2);
  Embed(MakeJob("a"));
  const Plan full = MustPlan(MakeJob("f", Mode::kFull));
  EXPECT_EQ(Counts(full), "0/4");
  ASSERT_OK(Record(full, Cut(Pending(full), 3)[0]));
  EXPECT_EQ(Counts(full), "3/4");
  EXPECT_EQ(Embed(MakeJob("f", Mode::kFull)), "2.1");
  EXPECT_EQ(Embed(MakeJob("f", Mode::kFull)), "");
  EXPECT_EQ(Embed(MakeJob("g", Mode::kFull)), "1.0 1.1 2.0 2.1");
  EXPECT_EQ(Embed(MakeJob("b")), "");
}

TEST_F(ProgressTest, FailedChunksAreDoneUntilAFullJob) {
  AddItems(1, 3);
  const Plan plan = MustPlan(MakeJob("a"));
  const Batch batch = Cut(Pending(plan), 3)[0];
  ASSERT_OK(Record(plan, batch, {{{1, 1}, "too strange \xff\0 indeed"}}));
  EXPECT_EQ(Embed(MakeJob("b")), "");
  EXPECT_EQ(Sql("SELECT item_id, chunk_index, job_id FROM dataset_transform_failed_chunks"),
            "1|1|a");
  EXPECT_EQ(Sql("SELECT status, chunk_count, failed_count FROM dataset_transform_batches"),
            "success|3|1");

  EXPECT_EQ(Embed(MakeJob("f", Mode::kFull)), "1.0 1.1 1.2");
  EXPECT_EQ(Sql("SELECT count(*) FROM dataset_transform_failed_chunks"), "0");
}

TEST_F(ProgressTest, ABatchOfFailuresOnlyIsSkipped) {
  AddItems(1, 1);
  const Plan plan = MustPlan(MakeJob("a"));
  ASSERT_OK(Record(plan, Cut(Pending(plan), 1)[0], {{{1, 0}, "empty"}}));
  EXPECT_EQ(Sql("SELECT status, error_message FROM dataset_transform_batches"), "skipped|empty");
}

TEST_F(ProgressTest, RecordsABatchOnceHoweverOftenItIsTold) {
  AddItems(2, 2);
  const Plan plan = MustPlan(MakeJob("a"));
  const Batch batch = Cut(Pending(plan), 3)[0];
  for (int i = 0; i < 3; ++i) ASSERT_OK(Record(plan, batch, {{{1, 1}, "bad"}}));
  EXPECT_EQ(Sql("SELECT embedded_dataset_id, job_id, first_item_id, first_chunk, last_item_id, "
                "last_chunk, chunk_count, failed_count, tokens, processing_duration_ms "
                "FROM dataset_transform_batches"),
            "1|a|1|0|2|0|3|1|7|5");
  EXPECT_EQ(Sql("SELECT count(*) FROM dataset_transform_failed_chunks"), "1");
  EXPECT_EQ(Positions(Pending(plan)), "2.1");
}

TEST_F(ProgressTest, BatchKeysFitWhateverTheJobIsCalled) {
  AddItems(1, 2);
  const Plan plan = MustPlan(MakeJob(std::string(1000, 'j')));
  for (const Batch& batch : Cut(Pending(plan), 1)) ASSERT_OK(Record(plan, batch));
  EXPECT_EQ(Sql("SELECT count(DISTINCT batch_key) FROM dataset_transform_batches"), "2");
}

TEST_F(ProgressTest, ListsPointsOfShrunkAndDeletedItems) {
  AddItems(4, 5);
  Embed(MakeJob("a"));
  Sql("UPDATE dataset_items SET chunks = chunks - 4 - 3 WHERE item_id = 2;"
      "UPDATE dataset_items SET chunks = '[]' WHERE item_id = 3;"
      "DELETE FROM dataset_items WHERE item_id = 4");
  EXPECT_EQ(Embed(MakeJob("b")), "2.0 2.1 2.2");
  const Plan plan = MustPlan(MakeJob("b"));
  EXPECT_TRUE(Look(plan).stale);
  TargetClaim& claim = Claim(plan);
  ASSERT_OK_AND_ASSIGN(const std::vector<StaleItem> first, claim.ListStale(0, 2));
  ASSERT_OK_AND_ASSIGN(const std::vector<StaleItem> rest, claim.ListStale(3, 2));
  const auto text = [](const std::vector<StaleItem>& items) {
    std::string all;
    for (const StaleItem& item : items) {
      all += std::to_string(item.item_id) + ":" + std::to_string(item.keep) + "-" +
             std::to_string(item.stored) + " ";
    }
    return all;
  };
  EXPECT_EQ(text(first), "2:3-5 3:0-5 ");
  EXPECT_EQ(text(rest), "4:0-5 ");

  for (int i = 0; i < 2; ++i) {
    ASSERT_OK(claim.RecordRemoval(first));
    ASSERT_OK(claim.RecordRemoval(rest));
    ASSERT_OK_AND_ASSIGN(const std::vector<StaleItem> left, claim.ListStale(0, 10));
    EXPECT_EQ(text(left), "");
  }
  EXPECT_FALSE(Look(plan).stale);
  EXPECT_EQ(Embed(MakeJob("c")), "");
}

TEST_F(ProgressTest, AnItemThatGrowsBackIsPendingAgain) {
  AddItems(1, 3);
  Embed(MakeJob("a"));
  const std::string original = Sql("SELECT chunks FROM dataset_items");
  Sql("UPDATE dataset_items SET chunks = chunks - 2");
  TargetClaim& claim = Claim(MustPlan(MakeJob("b")));
  ASSERT_OK_AND_ASSIGN(const std::vector<StaleItem> stale, claim.ListStale(0, 10));
  ASSERT_EQ(stale.size(), 1u);
  Sql("UPDATE dataset_items SET chunks = '" + original + "'");
  ASSERT_OK(claim.RecordRemoval(stale));
  EXPECT_EQ(Embed(MakeJob("c")), "1.2");
}

TEST_F(ProgressTest, ToleratesChunksOfAnyShape) {
  Sql("INSERT INTO dataset_items (dataset_id, title, chunks) VALUES "
      "(1, 'a', '[\"plain\", {\"content\": \"object\", \"metadata\": 5}, {\"content\": null}, "
      "           {\"other\": 1}, null, 7, [\"x\"], {\"content\": \"\"}]'),"
      "(1, 'b', '{\"content\": \"not an array\"}'), (1, 'c', 'null'), (1, 'd', '[]'),"
      "(1, 'e', '[\"last\"]')");
  const Plan plan = MustPlan(MakeJob("a"));
  EXPECT_EQ(Counts(plan), "0/9");
  std::string texts;
  for (const Chunk& chunk : Pending(plan)) texts += chunk.text + "|" + chunk.metadata_json + "|";
  EXPECT_EQ(texts, "plain||object||||||||||||||last||");
  Embed(MakeJob("a"));
  EXPECT_EQ(Counts(plan), "9/9");
}

TEST_F(ProgressTest, KeepsTargetsApart) {
  Sql("INSERT INTO embedders (name, owner_id, owner_display_name, provider, base_url) "
      "  VALUES ('second', 'owner', 'o', 'test', '');"
      "UPDATE dataset_transforms SET embedder_ids = '{2,1}'");
  AddItems(1, 2);
  const Plan plan = MustPlan(MakeJob("a"));
  ASSERT_EQ(plan.targets.size(), 2u);
  for (const Batch& batch : Cut(Pending(plan), 2)) ASSERT_OK(Record(plan, batch));
  Plan other = plan;
  std::swap(other.targets[0], other.targets[1]);
  EXPECT_EQ(Counts(plan), "2/2");
  EXPECT_EQ(Counts(other), "0/2");
  for (const Batch& batch : Cut(Pending(other), 2)) ASSERT_OK(Record(other, batch));
  EXPECT_EQ(Sql("SELECT count(*) FROM dataset_transform_batches"), "2");
}

TEST_F(ProgressTest, FinishingWritesTheStatistics) {
  AddItems(2, 3);
  const Plan plan = MustPlan(MakeJob("a"));
  const std::vector<Batch> batches = Cut(Pending(plan), 4);
  ASSERT_OK(Record(plan, batches[0], {{{1, 0}, "bad"}}));
  ASSERT_OK(Record(plan, batches[1]));
  ASSERT_OK_AND_ASSIGN(const RunEnd end, Claim(plan).Finish());
  EXPECT_TRUE(end.complete);
  EXPECT_EQ(Sql("SELECT total_chunks_embedded, total_chunks_failed, total_chunks_to_process, "
                "successful_batches, failed_batches, total_batches_dispatched, "
                "total_chunks_dispatched, current_run_id, last_processed_at IS NOT NULL, "
                "first_processing_at IS NOT NULL FROM dataset_transform_stats"),
            "5|1|6|2|0|2|6|a|t|t");
  EXPECT_EQ(Sql("SELECT last_processed_at IS NOT NULL, last_processed_item_id, "
                "source_dataset_version IS NOT NULL, dimensions FROM embedded_datasets"),
            "t|2|t|8");
}

TEST_F(ProgressTest, CountsFailuresOfAJobUntilCleared) {
  const Job job = MakeJob("a");
  RememberSecret("hunter2-hunter2");
  const Error error{.code = Code::kTimeout,
                    .message = "key hunter2-hunter2 \xff refused",
                    .origin = Origin::kEmbedder};
  for (const int expected : {1, 2, 3}) {
    ASSERT_OK_AND_ASSIGN(const FailureCount count, store_->NoteFailure(job, error, true));
    EXPECT_EQ(count.failures, expected);
  }
  ASSERT_OK_AND_ASSIGN(const FailureCount noted, store_->NoteFailure(job, error, false));
  EXPECT_EQ(noted.failures, 3);
  EXPECT_EQ(Sql("SELECT failures, error_type, error_message FROM dataset_transform_job_failures"),
            "3|timeout|key *** \xEF\xBF\xBD refused");
  ASSERT_OK_AND_ASSIGN(const FailureCount kept, store_->Failures(job));
  ASSERT_TRUE(kept.last.has_value());
  EXPECT_EQ(kept.last->code, Code::kTimeout);
  EXPECT_EQ(kept.last->origin, Origin::kEmbedder);
  EXPECT_EQ(kept.last->message, "key *** \xEF\xBF\xBD refused");
  Sql("UPDATE dataset_transform_job_failures SET error_origin = ''");
  ASSERT_OK_AND_ASSIGN(const FailureCount older, store_->Failures(job));
  EXPECT_EQ(older.last->code, Code::kInternal) << "an older version did not say whose fault it is";
  EXPECT_EQ(older.last->origin, Origin::kWorker);
  ASSERT_OK(store_->ClearFailures(job));
  ASSERT_OK_AND_ASSIGN(const FailureCount again, store_->NoteFailure(job, error, true));
  EXPECT_EQ(again.failures, 1);
}

}  // namespace
}  // namespace dsw
