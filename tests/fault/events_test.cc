// SPDX-License-Identifier: Apache-2.0
//
// What is said about a job, to those who watch it and in the database, is true and is said once.
#include <csignal>

#include <nlohmann/json.hpp>

#include "tests/fault/fault_test.h"
#include "tests/support/tcp_cutter.h"

namespace dsw::fault_test {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;

class EventsTest : public FaultTest {
 protected:
  /// The job's one last event; an empty object when there is none, or several.
  Json LastEvent(const std::string& job) {
    const std::vector<std::string> last = world_.LastEventsOf(job);
    EXPECT_EQ(last.size(), 1U);
    return last.size() == 1 ? Json::parse(last[0]) : Json::object();
  }

  /// A job that fails after 40 of 60 chunks, for good.
  std::int64_t FailAfterForty(const std::string& dataset) {
    const std::int64_t transform = world_.Import(dataset, 6, 10, 10);
    world_.Set("MAX_RETRIES", "1");
    world_.Set("EMBEDDER_MAX_RETRIES", "0");
    world_.Set("BATCHES_IN_FLIGHT", "1");
    world_.Script(
        R"({"id":"bug","at":"before_embed","do":"fail","category":"internal","after":4})");
    return transform;
  }
};

TEST_F(EventsTest, TheLastEventIsStoredBeforeTheJobIsAcknowledged) {
  const std::int64_t transform = world_.Import("ack", 2, 2);
  const std::string job = world_.SubmitJob(transform);
  TcpCutter nats(world_.nats().port());
  nats.CutEach({.ending = Ending::kStall, .text = "+ACK\r\n"});
  Process worker =
      world_.Start("w", {{"NATS_URL", fmt::format("nats://127.0.0.1:{}", nats.port())}});
  ASSERT_TRUE(Eventually([&] { return nats.ended() > 0; }));
  worker.Kill();
  ASSERT_TRUE(Eventually([&] { return world_.Queued() == 0; })) << "the job is acknowledged";
  EXPECT_EQ(world_.LastEventsOf(job).size(), 1U);
}

TEST_F(EventsTest, ALastEventThatIsRepeatedCountsOnce) {
  const std::int64_t transform = world_.Import("repeated", 2, 2);
  const std::string job = world_.SubmitJob(transform);
  TcpCutter nats(world_.nats().port());
  // The server stores the event, and the worker never hears of it.
  nats.CutEach({.ending = Ending::kMute, .text = R"("final":true)"});
  Process worker =
      world_.Start("w", {{"NATS_URL", fmt::format("nats://127.0.0.1:{}", nats.port())}});
  ASSERT_TRUE(Eventually([&] { return !world_.LastEventsOf(job).empty(); }));
  worker.Kill();
  ASSERT_TRUE(world_.Drain());
  EXPECT_EQ(world_.LastEventsOf(job).size(), 1U);
  ExpectClean(transform);
}

TEST_F(EventsTest, ADeathBetweenDeadLetterAndLastEventLeavesOneOfEach) {
  const std::int64_t transform = world_.Import("between", 1, 1);
  world_.Script(R"({"id":"bad","at":"describe","do":"fail","category":"not_found"})");
  const std::string job = world_.SubmitJob(transform);
  TcpCutter nats(world_.nats().port());
  nats.CutEach({.ending = Ending::kStall, .text = R"("final":true)"});
  Process worker =
      world_.Start("w", {{"NATS_URL", fmt::format("nats://127.0.0.1:{}", nats.port())}});
  ASSERT_TRUE(Eventually([&] { return nats.ended() > 0; }));
  worker.Kill();
  EXPECT_EQ(world_.DeadLetters().size(), 1U);
  EXPECT_TRUE(world_.LastEventsOf(job).empty());
  ASSERT_TRUE(world_.Drain());
  EXPECT_EQ(world_.DeadLetters().size(), 1U);
  EXPECT_EQ(world_.LastEventsOf(job).size(), 1U);
  EXPECT_EQ(world_.Sql("SELECT last_outcome, failed_batches FROM dataset_transform_stats"),
            "failed|1")
      << "the job failed once, however often that was written down";
}

TEST_F(EventsTest, ATargetThatFailsIsNotTheEndOfAJobThatHasAnother) {
  const std::int64_t transform = world_.Import("two targets", 6, 5, 10);
  world_.Sql(
      "INSERT INTO embedders (name, owner_id, owner_display_name, provider, base_url, config, "
      "  batch_size) "
      "SELECT 'second', owner_id, owner_display_name, provider, base_url, config, batch_size "
      "FROM embedders;"
      "UPDATE dataset_transforms SET embedder_ids = '{1,2}'");
  world_.Set("MAX_CHUNKS_PER_JOB", "20");
  world_.Set("WORKER_CONCURRENCY", "1");
  world_.Script(R"({"id":"hold","at":"before_embed","do":"hold","times":1})");
  const std::string job = world_.SubmitJob(transform);
  Process worker = world_.Start("w", {}, {"--until-idle"});
  ASSERT_TRUE(world_.AwaitFired("hold"));
  world_.Sql("UPDATE embedders SET config = '[]' WHERE embedder_id = 1");
  world_.Release("hold");
  const auto ended = worker.Wait(std::chrono::seconds(60));
  ASSERT_TRUE(ended && world_.Drained(*ended));
  EXPECT_EQ(world_.DeadLetters().size(), 1U) << "the first target's second range";
  EXPECT_EQ(LastEvent(job).value("status", ""), "failed");
  EXPECT_TRUE(Json::parse(world_.EventsOf(job).back()).value("final", false));
  EXPECT_EQ(world_.Sql("SELECT outcome FROM dataset_transform_runs ORDER BY embedded_dataset_id"),
            "failed\nsuccess");
  EXPECT_EQ(world_.Sql("SELECT last_outcome FROM dataset_transform_stats"), "failed");
}

TEST_F(EventsTest, AJobThatFailsHalfwayTellsHowFarItCame) {
  const std::int64_t transform = FailAfterForty("halfway");
  const std::string job = world_.SubmitJob(transform);
  ASSERT_TRUE(world_.Drain());
  const Json last = LastEvent(job);
  EXPECT_EQ(last.value("status", ""), "failed");
  EXPECT_EQ(last.value("chunk_count", 0), 40);
  EXPECT_EQ(last.value("total_chunks", 0), 60);
  EXPECT_EQ(last.value("failed_chunks", -1), 0);
  EXPECT_NEAR(last.value("percent", 0.0), 66.7, 0.1);
  EXPECT_TRUE(last["embedded_dataset_id"].is_number());
  EXPECT_TRUE(last["processing_duration_ms"].is_number());
  double percent = 0;
  for (const std::string& text : world_.EventsOf(job)) {
    const Json event = Json::parse(text);
    EXPECT_EQ(event.value("total_chunks", 0), 60) << text;
    EXPECT_GE(event.value("percent", -1.0), percent) << text;
    EXPECT_TRUE(event["embedded_dataset_id"].is_number()) << text;
    percent = event.value("percent", 0.0);
  }
}

TEST_F(EventsTest, FailedChunksOfEarlierJobsAndDeliveriesAreCountedAsFailed) {
  const std::int64_t transform = world_.Import("true counts", 6, 10, 10);
  world_.Set("BATCHES_IN_FLIGHT", "1");
  world_.Script(R"({"id":"refuse","at":"before_embed","do":"refuse","text":"chunk 3"},
                   {"id":"die","at":"before_embed","do":"die","after":4,"times":1})");
  const std::string first = world_.SubmitJob(transform);
  Process worker = world_.Start();
  ASSERT_TRUE(worker.Wait(std::chrono::seconds(20)));
  ASSERT_TRUE(world_.Drain());
  const Json over_deliveries = LastEvent(first);
  EXPECT_EQ(over_deliveries.value("chunk_count", 0), 54);
  EXPECT_EQ(over_deliveries.value("failed_chunks", 0), 6);

  Edit(transform,
       "INSERT INTO dataset_items (dataset_id, title, chunks) VALUES (DATASET, 'more', "
       "'[\"a new one\"]')");
  const std::string second = world_.SubmitJob(transform);
  ASSERT_TRUE(world_.Drain());
  const Json over_jobs = LastEvent(second);
  EXPECT_EQ(over_jobs.value("chunk_count", 0), 55);
  EXPECT_EQ(over_jobs.value("failed_chunks", 0), 6);
  EXPECT_EQ(over_jobs.value("total_chunks", 0), 61);
  ExpectClean(transform, {.refused = {"chunk 3"}});
}

TEST_F(EventsTest, TheDatabaseTellsThatAJobFailed) {
  const std::int64_t transform = FailAfterForty("told");
  world_.SubmitJob(transform);
  ASSERT_TRUE(world_.Drain());
  EXPECT_EQ(world_.Sql("SELECT total_chunks_embedded, failed_batches > 0 FROM "
                       "dataset_transform_stats"),
            "40|t");
  EXPECT_NE(
      world_.Sql("SELECT count(*) FROM dataset_transform_stats WHERE last_outcome = 'failed' AND "
                 "last_error <> ''"),
      "0");
  EXPECT_EQ(world_.Sql("SELECT last_processed_at IS NULL AND source_dataset_version IS NULL FROM "
                       "embedded_datasets"),
            "t")
      << "what failed was not processed";
}

TEST_F(EventsTest, ASuccessSetsTheDimensions) {
  const std::int64_t transform = world_.Import("dimensions", 1, 1);
  ASSERT_TRUE(world_.NextJob(transform));
  EXPECT_EQ(world_.Sql("SELECT dimensions FROM embedded_datasets"), "8");
}

TEST_F(EventsTest, ATransformThatIsDisabledOrDeletedStopsWithinABatch) {
  world_.Set("BATCHES_IN_FLIGHT", "1");
  for (const bool deleted : {false, true}) {
    SCOPED_TRACE(deleted ? "deleted" : "disabled");
    world_.NewRound();
    const std::int64_t transform = world_.Import(deleted ? "deleted" : "disabled", 10, 10, 10);
    world_.Script(R"({"id":"hold","at":"before_embed","do":"hold","after":2,"times":1})");
    const std::string job = world_.SubmitJob(transform);
    Process worker = world_.Start("w", {}, {"--until-idle"});
    ASSERT_TRUE(world_.AwaitFired("hold", 3));
    if (deleted) {
      world_.Sql(
          fmt::format("DELETE FROM embedded_datasets WHERE dataset_transform_id = {0}; "
                      "DELETE FROM dataset_transforms WHERE dataset_transform_id = {0}",
                      transform));
    } else {
      world_.Sql("UPDATE dataset_transforms SET is_enabled = false");
    }
    world_.Release("hold");
    ASSERT_TRUE(worker.Wait(std::chrono::seconds(20)));
    EXPECT_LE(world_.Paid().size(), 40U);
    EXPECT_EQ(world_.Queued(), 0);
    EXPECT_EQ(world_.DeadLetters().size(), 0U);
    const Json last = LastEvent(job);
    EXPECT_THAT(last["error"].dump(), HasSubstr(deleted ? "deleted" : "disabled"));
    EXPECT_EQ(last.value("total_chunks", 0), 100) << "not forgotten with its rows";
    EXPECT_GT(last.value("percent", 0.0), 0.0);
  }
}

TEST_F(EventsTest, ATransformThatIsDeletedBetweenDeliveriesOrUnderItsRangesCostsNoDeadLetter) {
  world_.Set("BATCHES_IN_FLIGHT", "1");
  world_.Set("WORKER_CONCURRENCY", "1");
  for (const bool ranges : {false, true}) {
    SCOPED_TRACE(ranges ? "ranges" : "between deliveries");
    world_.NewRound();
    world_.Set("MAX_CHUNKS_PER_JOB", ranges ? "20" : "1000");
    const std::int64_t transform = world_.Import(ranges ? "ranges" : "between", 10, 10, 10);
    world_.Script(R"({"id":"hold","at":"before_embed","do":"hold","after":2,"times":1})");
    const std::string job = world_.SubmitJob(transform);
    Process worker = world_.Start();
    ASSERT_TRUE(world_.AwaitFired("hold", 3));
    if (!ranges) {
      worker.Signal(SIGTERM);  // Handed back, once its last batch is through or cut.
      world_.Release("hold");
      ASSERT_TRUE(worker.Wait(std::chrono::seconds(15)));
      ASSERT_EQ(world_.Queued(), 1);
    }
    world_.Sql(
        fmt::format("DELETE FROM embedded_datasets WHERE dataset_transform_id = {0}; "
                    "DELETE FROM dataset_transforms WHERE dataset_transform_id = {0}",
                    transform));
    world_.Release("hold");
    if (ranges) {
      ASSERT_TRUE(Eventually([&] { return world_.Queued() == 0; })) << world_.Logs();
      worker.Kill();
    }
    ASSERT_TRUE(world_.Drain());
    EXPECT_EQ(world_.DeadLetters().size(), 0U);
    EXPECT_EQ(world_.LastEventsOf(job).size(), 1U);
  }
}

}  // namespace
}  // namespace dsw::fault_test
