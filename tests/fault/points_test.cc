// SPDX-License-Identifier: Apache-2.0
//
// Points agree with the dataset after the next job, whatever came between the two.
#include <csignal>

#include <nlohmann/json.hpp>

#include "tests/fault/fault_test.h"

namespace dsw::fault_test {
namespace {

class PointsTest : public FaultTest {
 protected:
  std::int64_t ImportPair(const std::string& dataset) {
    return world_.ImportLines(
        dataset, R"({"title":"t","chunks":["John Doe, born 1970","other"]})",
        {"--embedder", "fault:hash-8", "--config", nlohmann::json{{"maker", dataset}}.dump()});
  }
};

TEST_F(PointsTest, AChunkThatFailsLeavesNoPointOfItsEarlierText) {
  world_.Script(R"({"id":"refuse","at":"before_embed","do":"refuse","text":"REFUSED"},
                   {"id":"whole","at":"before_embed","do":"fail","category":"invalid_request",
                    "text":"WHOLE CALL"})");
  const std::string chunks[] = {R"("")",          R"(" \n\t")",   R"({"content":null})", "7",
                                R"({"other":1})", R"("REFUSED")", R"("WHOLE CALL")"};
  std::vector<std::int64_t> transforms;
  const auto submit_all = [&](const std::string& mode) {
    for (const std::int64_t transform : transforms) world_.SubmitJob(transform, mode);
    return world_.Drain();
  };
  for (const std::string& chunk : chunks) transforms.push_back(ImportPair("becomes " + chunk));
  ASSERT_TRUE(submit_all("incremental"));
  for (std::size_t i = 0; i < transforms.size(); ++i) {
    ASSERT_EQ(world_.PointsOf(transforms[i]).size(), 2U);
    Edit(transforms[i], "UPDATE dataset_items SET chunks = '[" + chunks[i] +
                            ", \"other\"]' WHERE dataset_id = DATASET");
  }
  for (const std::string mode : {"incremental", "full"}) {
    SCOPED_TRACE(mode);
    ASSERT_TRUE(submit_all(mode));
    ExpectClean(transforms, {.refused = {"REFUSED", "WHOLE CALL"}});
  }
}

TEST_F(PointsTest, ADeathBetweenStoreAndRecordLeavesNoOrphans) {
  const std::int64_t transform = world_.Import("orphans", 6, 5);
  world_.Script(R"({"id":"die","at":"after_upsert","do":"die","after":1,"times":1})");
  world_.SubmitJob(transform);
  Process worker = world_.Start();
  ASSERT_TRUE(worker.Wait(std::chrono::seconds(20)));
  ASSERT_GT(world_.PointsOf(transform).size(), 0U);
  Edit(transform,
       "DELETE FROM dataset_items WHERE title IN ('item 0', 'item 2') AND "
       "dataset_id = DATASET");
  Edit(transform,
       "UPDATE dataset_items SET chunks = '[\"the only one left\"]' WHERE title IN "
       "('item 1', 'item 3') AND dataset_id = DATASET");
  ASSERT_TRUE(world_.Drain());
  ExpectClean(transform);
  ASSERT_TRUE(world_.NextJob(transform, "full"));
  ExpectClean(transform);
}

TEST_F(PointsTest, AnOldTextThatIsStoredLateIsRepairedByTheNextJob) {
  const std::int64_t transform = world_.Import("late", 4, 5);
  world_.Script(
      R"({"id":"hold","at":"before_upsert","do":"hold","worker":"old","times":1},
         {"id":"die","at":"after_upsert","do":"die","worker":"old","times":1})");
  world_.SubmitJob(transform);
  Process old = world_.Start("old", {{"WORKER_CONCURRENCY", "1"}, {"BATCHES_IN_FLIGHT", "1"}});
  ASSERT_TRUE(world_.AwaitFired("hold"));
  Edit(transform,
       "UPDATE dataset_items SET chunks = jsonb_set(chunks, '{0}', '\"new text\"') "
       "WHERE dataset_id = DATASET");
  const std::string second = world_.SubmitJob(transform);
  Process other = world_.Start("other");
  // It may well wait for the first.
  Eventually([&] { return !world_.LastEventsOf(second).empty(); }, std::chrono::seconds(2));
  world_.Release("hold");
  ASSERT_TRUE(old.Wait(std::chrono::seconds(20)));
  other.Kill();
  ASSERT_TRUE(world_.Drain());
  ASSERT_TRUE(world_.NextJob(transform));
  ExpectClean(transform);
}

TEST_F(PointsTest, WhatAStoppedWorkerStoresTooLateIsRepairedByTheNextJobWithoutAFence) {
  world_.SetFence(false);
  // In the middle of a batch, whose second part it does not come to.
  world_.Set("QDRANT_UPLOAD_BATCH_SIZE", "5");
  const std::int64_t transform = world_.Import("unfenced", 4, 5, 10);
  world_.Script(R"({"id":"stop","at":"before_upsert","do":"stop","worker":"old","times":1})");
  const std::string first = world_.SubmitJob(transform);
  Process old = world_.Start("old", {{"BATCHES_IN_FLIGHT", "1"}});
  ASSERT_TRUE(world_.AwaitFired("stop"));
  Edit(transform,
       "UPDATE dataset_items SET chunks = jsonb_set(chunks, '{0}', '\"new text\"') "
       "WHERE dataset_id = DATASET");
  Process other = world_.Start("other");
  ASSERT_TRUE(Eventually([&] { return !world_.LastEventsOf(first).empty(); }));
  old.Signal(SIGCONT);
  EXPECT_TRUE(Eventually(
      [&] { return world_.Logs().find("may have been another worker's") != std::string::npos; }));
  old.Kill();
  other.Kill();
  ASSERT_TRUE(world_.NextJob(transform));
  ExpectClean(transform);
}

TEST_F(PointsTest, WhatAStoppedWorkerStoresTooLateIsRepairedByTheNextJob) {
  const std::int64_t transform = world_.Import("stopped", 4, 5);
  world_.Script(
      R"({"id":"stop","at":"before_upsert","do":"stop","worker":"old","times":1},
         {"id":"die","at":"after_upsert","do":"die","worker":"old","times":1})");
  const std::string first = world_.SubmitJob(transform);
  Process old = world_.Start("old", {{"BATCHES_IN_FLIGHT", "1"}});
  ASSERT_TRUE(world_.AwaitFired("stop"));
  Edit(transform,
       "UPDATE dataset_items SET chunks = jsonb_set(chunks, '{0}', '\"new text\"') "
       "WHERE dataset_id = DATASET");
  Process other = world_.Start("other");
  ASSERT_TRUE(Eventually([&] { return !world_.LastEventsOf(first).empty(); }));
  old.Signal(SIGCONT);
  ASSERT_TRUE(old.Wait(std::chrono::seconds(20)));
  other.Kill();
  ASSERT_TRUE(world_.NextJob(transform));
  ExpectClean(transform);
}

TEST_F(PointsTest, TheSecondOfTwoJobsSeesWhatTheFirstLeft) {
  const std::int64_t transform = world_.Import("two jobs", 4, 5);
  world_.Script(R"({"id":"hold","at":"before_upsert","do":"hold","worker":"one","times":1})");
  world_.SubmitJob(transform);
  Process one = world_.Start("one", {{"WORKER_CONCURRENCY", "1"}}, {"--until-idle"});
  ASSERT_TRUE(world_.AwaitFired("hold"));
  Edit(transform,
       "UPDATE dataset_items SET chunks = jsonb_set(chunks, '{0}', '\"new text\"') "
       "WHERE dataset_id = DATASET");
  const std::string second = world_.SubmitJob(transform);
  Process two = world_.Start("two", {}, {"--until-idle"});
  Eventually([&] { return !world_.LastEventsOf(second).empty(); }, std::chrono::seconds(2));
  world_.Release("hold");
  ASSERT_TRUE(one.Wait(std::chrono::seconds(30)));
  ASSERT_TRUE(two.Wait(std::chrono::seconds(30)));
  ExpectClean(transform);
}

TEST_F(PointsTest, AnotherModelOfTheSameSizeReplacesAllVectors) {
  const std::int64_t transform = world_.Import("model", 4, 3);
  ASSERT_TRUE(world_.NextJob(transform));
  world_.Sql("UPDATE embedders SET config = jsonb_set(config, '{model}', '\"other-8\"')");
  Edit(transform,
       "INSERT INTO dataset_items (dataset_id, title, chunks) VALUES (DATASET, 'more', "
       "'[\"a new one\"]')");
  ASSERT_TRUE(world_.NextJob(transform));
  ExpectClean(transform);
  EXPECT_EQ(world_.Paid().size(), 12U + 13U);
  ASSERT_TRUE(world_.NextJob(transform));
  EXPECT_EQ(world_.Paid().size(), 12U + 13U) << "once";
  EXPECT_THAT(world_.Trouble(), testing::HasSubstr("vectors are made in another way now"));
}

TEST_F(PointsTest, ADeathWhileTheModelIsChangedLeavesNoVectorOfTheOld) {
  world_.Set("BATCHES_IN_FLIGHT", "1");
  const std::int64_t transform = world_.Import("changing", 4, 5, 5);
  ASSERT_TRUE(world_.NextJob(transform));
  world_.Sql("UPDATE embedders SET config = jsonb_set(config, '{model}', '\"other-8\"')");
  world_.Script(R"({"id":"die","at":"after_upsert","do":"die","after":1,"times":1})");
  world_.SubmitJob(transform);
  Process worker = world_.Start();
  ASSERT_TRUE(worker.Wait(std::chrono::seconds(20)));
  ASSERT_TRUE(world_.Drain());
  ExpectClean(transform);
  EXPECT_LE(world_.Paid().size(), 20U + 20U + 5U);
}

TEST_F(PointsTest, WatermarksAreWhatTheRunHadReadAtItsStart) {
  const std::int64_t transform = world_.Import("marks", 4, 5);
  world_.Script(R"({"id":"hold","at":"before_upsert","do":"hold","after":1,"times":1})");
  world_.SubmitJob(transform);
  Process worker = world_.Start("w", {{"BATCHES_IN_FLIGHT", "1"}}, {"--until-idle"});
  ASSERT_TRUE(world_.AwaitFired("hold", 2));
  Edit(transform,
       "UPDATE dataset_items SET chunks = '[\"new text\"]', updated_at = now() WHERE "
       "title = 'item 0' AND dataset_id = DATASET");
  Edit(transform,
       "INSERT INTO dataset_items (dataset_id, title, chunks) VALUES (DATASET, 'more', "
       "'[\"a new one\"]')");
  world_.Release("hold");
  ASSERT_TRUE(worker.Wait(std::chrono::seconds(20)));
  EXPECT_EQ(world_.Sql("SELECT last_processed_item_id < (SELECT max(item_id) FROM dataset_items), "
                       "source_dataset_version < (SELECT updated_at FROM datasets) "
                       "FROM embedded_datasets"),
            "t|t");
  ASSERT_TRUE(world_.NextJob(transform));
  ExpectClean(transform);
  EXPECT_EQ(world_.Sql("SELECT last_processed_item_id = (SELECT max(item_id) FROM dataset_items), "
                       "source_dataset_version = (SELECT updated_at FROM datasets) "
                       "FROM embedded_datasets"),
            "t|t");
}

}  // namespace
}  // namespace dsw::fault_test
