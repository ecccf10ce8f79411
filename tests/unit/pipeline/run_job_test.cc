// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/run_job.h"

#include <new>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/matchers.h"
#include "tests/unit/pipeline/job_fixture.h"

namespace dsw {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

using RunJobTest = JobFixture;

TEST_F(RunJobTest, StoresEveryChunkOnceThenAcknowledges) {
  store_.AddItem({"a", "bb", "ccc"});
  store_.AddItem({"dddd", "eeeee", "ffffff"});
  Handle(delivery_);

  EXPECT_EQ(delivery_.acks, 1);
  EXPECT_THAT(plugins_.embedder->calls,
              ElementsAre(ElementsAre("a", "bb", "ccc", "dddd"), ElementsAre("eeeee", "ffffff")));
  ASSERT_THAT(plugins_.sink->points, SizeIs(6));
  const auto& [length, payload] = plugins_.sink->points.at(PointId(7, {2, 1}));
  EXPECT_EQ(length, 5.0F);
  EXPECT_THAT(payload, HasSubstr("\"eeeee\""));
  EXPECT_THAT(store_.recorded[7], SizeIs(6));
  EXPECT_THAT(store_.finished, ElementsAre(7));
  EXPECT_THAT(telemetry_.ended, ElementsAre(DeliveryOutcome::kSuccess));
}

TEST_F(RunJobTest, PublishesStartAndOneFinalSuccess) {
  store_.AddItem({"a"});
  Handle(delivery_);
  ASSERT_THAT(bus_.events, SizeIs(2));
  EXPECT_EQ(bus_.events[0].state, JobState::kProcessing);
  EXPECT_EQ(bus_.events[0].total_chunks, 1);
  EXPECT_EQ(bus_.events[1].state, JobState::kSuccess);
  EXPECT_TRUE(bus_.events[1].final);
  EXPECT_EQ(bus_.events[1].chunk_count, 1);
  EXPECT_TRUE(bus_.events[1].processing_duration.has_value());
}

TEST_F(RunJobTest, PublishesAtMostOneEventASecondWhileItRuns) {
  store_.AddItem(std::vector<std::string>(40, "text"));
  int calls = 0;
  plugins_.embedder->fail = [&](auto) -> std::optional<Error> {
    if (++calls == 5) clock_.Advance(seconds(1));
    return std::nullopt;
  };
  Handle(delivery_);
  ASSERT_THAT(bus_.events, SizeIs(3));
  EXPECT_EQ(bus_.events[1].batches_done, 5);
  EXPECT_EQ(bus_.events[1].chunk_count, 20);
}

TEST_F(RunJobTest, ChecksTheCollectionBeforeAnythingIsEmbedded) {
  store_.AddItem({"a"});
  plugins_.sink->ensure_error = Error{Code::kConflict, "collection has 3 floats, not 2"};
  Handle(delivery_);
  EXPECT_THAT(plugins_.embedder->calls, IsEmpty());
  ASSERT_THAT(delivery_.dead_letters, SizeIs(1));
  EXPECT_EQ(delivery_.dead_letters[0].error_type, "conflict");
  EXPECT_THAT(delivery_.dead_letters[0].error, HasSubstr("3 floats"));
}

TEST_F(RunJobTest, EmbedsOnlyWhatNoRecordCoversWhateverTheBatchSize) {
  store_.AddItem({"a", "b", "c", "d", "e"});
  store_.recorded[7] = {{1, 0}, {1, 1}, {1, 3}};
  store_.plan.targets[0].embedder.batch_size = 3;
  Handle(delivery_);
  EXPECT_THAT(plugins_.embedder->calls, ElementsAre(ElementsAre("c", "e")));
  EXPECT_EQ(bus_.events.back().chunk_count, 5);
}

TEST_F(RunJobTest, ABatchIsNotRecordedWhenItsPointsCouldNotBeStored) {
  store_.AddItem({"a"});
  plugins_.sink->upsert_error = Error{Code::kInvalid, "refused"};
  Handle(delivery_);
  EXPECT_THAT(store_.recorded[7], IsEmpty());
  EXPECT_THAT(delivery_.dead_letters, SizeIs(1));
}

TEST_F(RunJobTest, RetriesACallThatMayRecover) {
  store_.AddItem({"a", "b", "c"});
  int calls = 0;
  plugins_.embedder->fail = [&](auto) -> std::optional<Error> {
    if (++calls > 1) return std::nullopt;
    return Error{Code::kUnavailable, "no route"};
  };
  Handle(delivery_);
  EXPECT_EQ(delivery_.acks, 1);
  EXPECT_THAT(plugins_.embedder->attempts, ElementsAre(1, 2));
  ASSERT_THAT(clock_.waits(), SizeIs(1));
  EXPECT_GE(clock_.waits()[0], milliseconds(750));
  EXPECT_EQ(plugins_.embedder->keys[0], plugins_.embedder->keys[1]);
}

TEST_F(RunJobTest, SplitsWhatIsTooLargeAndFailsTheChunkThatStaysTooLarge) {
  store_.AddItem({"small", "enormous", "tiny", "little"});
  plugins_.embedder->fail = [](std::span<const std::string_view> texts) -> std::optional<Error> {
    for (const std::string_view text : texts) {
      if (text == "enormous") return Error{Code::kTooLarge, "more than 6 characters"};
    }
    return std::nullopt;
  };
  Handle(delivery_);
  EXPECT_EQ(delivery_.acks, 1);
  EXPECT_THAT(plugins_.sink->points, SizeIs(3));
  ASSERT_THAT(store_.failed_chunks, SizeIs(1));
  EXPECT_EQ(store_.failed_chunks[0].position, (ChunkPosition{1, 1}));
  EXPECT_EQ(store_.failed_chunks[0].reason, "more than 6 characters");
}

TEST_F(RunJobTest, OneBadChunkCostsNoOther) {
  store_.AddItem({"one", "poison", "three"});
  Handle(delivery_);
  EXPECT_EQ(delivery_.acks, 1);
  EXPECT_THAT(plugins_.sink->points, SizeIs(2));
  EXPECT_EQ(plugins_.sink->points.at(PointId(7, {1, 2})).first, 5.0F);
  ASSERT_THAT(store_.failed_chunks, SizeIs(1));
  EXPECT_EQ(store_.failed_chunks[0].reason, "poisoned");
  EXPECT_EQ(bus_.events.back().failed_chunks, 1);
}

TEST_F(RunJobTest, ChunksWithoutTextAreRecordedAndNeverSent) {
  store_.AddItem({"", " \n\t", "text"});
  Handle(delivery_);
  EXPECT_THAT(plugins_.embedder->calls, ElementsAre(ElementsAre("text")));
  EXPECT_THAT(store_.failed_chunks, SizeIs(2));
}

TEST_F(RunJobTest, VectorsOfAnotherSizeThanTheCollectionAreNotStored) {
  store_.AddItem({"a"});
  plugins_.embedder->returned_dimensions = 3;
  Handle(delivery_);
  EXPECT_THAT(plugins_.sink->points, IsEmpty());
  EXPECT_THAT(delivery_.dead_letters, SizeIs(1));
}

TEST_F(RunJobTest, AsksTheModelForItsSizeWhenThePluginDoesNotKnowIt) {
  store_.AddItem({"a"});
  plugins_.embedder->facts.dimensions = 0;
  Handle(delivery_);
  ASSERT_THAT(plugins_.sink->specs, SizeIs(1));
  EXPECT_EQ(plugins_.sink->specs[0].dimensions, 2U);
}

TEST_F(RunJobTest, KeepsToTheProvidersAndTheSinksLimits) {
  store_.AddItem({"aaaa", "bbbb", "cccc", "dddd", "eeee"});
  plugins_.embedder->limits_value = {.max_batch = 3, .max_bytes = 8};
  plugins_.sink->max_batch_value = 1;
  Handle(delivery_);
  EXPECT_THAT(plugins_.embedder->calls, ElementsAre(SizeIs(2), SizeIs(2), SizeIs(1)));
  EXPECT_THAT(plugins_.sink->upserts, ElementsAre(1, 1, 1, 1, 1));
}

TEST_F(RunJobTest, RunsEveryTargetOfTheTransform) {
  store_.AddItem({"a"});
  store_.plan.targets.push_back(store_.plan.targets[0]);
  store_.plan.targets[1].embedded_dataset_id = 8;
  Handle(delivery_);
  EXPECT_THAT(store_.finished, ElementsAre(7, 8));
  std::vector<bool> finals;
  for (const Progress& event : bus_.events) finals.push_back(event.final);
  EXPECT_THAT(finals, ElementsAre(false, false, false, true));
}

TEST_F(RunJobTest, RemovesPointsThatTheDatasetNoLongerHas) {
  store_.AddItem({"a"});
  store_.stale = {{.item_id = 1, .keep = 1, .stored = 3}, {.item_id = 9, .keep = 0, .stored = 1}};
  Handle(delivery_);
  EXPECT_THAT(plugins_.sink->removed,
              UnorderedElementsAre(PointId(7, {1, 1}), PointId(7, {1, 2}), PointId(7, {9, 0})));
  EXPECT_EQ(store_.removals, 2);
}

TEST_F(RunJobTest, AMessageThatIsNoJobIsDeadLetteredAtOnce) {
  FakeDelivery delivery("{not json");
  Handle(delivery);
  ASSERT_THAT(delivery.dead_letters, SizeIs(1));
  EXPECT_EQ(delivery.dead_letters[0].error_type, "invalid");
  EXPECT_EQ(delivery.dead_letters[0].job_id, "");
  EXPECT_THAT(bus_.events, IsEmpty());
}

TEST_F(RunJobTest, AJobIsADeadLetterOnceTheQueueHasIt) {
  FakeDelivery bad("{");
  bad.settle_status = Fail(Code::kUnavailable, "the stream is full");
  EXPECT_EQ(Handle(bad), std::nullopt);
  EXPECT_THAT(telemetry_.ended, ElementsAre(DeliveryOutcome::kRetried));
  bad.settle_status = {};
  EXPECT_EQ(Handle(bad), "?");
  EXPECT_EQ(Handle(delivery_), std::nullopt) << "it succeeded";
}

TEST_F(RunJobTest, AMissingTransformIsDeadLetteredAtOnceAndAnnounced) {
  store_.plan_error = Error{Code::kNotFound, "no transform 1"};
  Handle(delivery_);
  ASSERT_THAT(delivery_.dead_letters, SizeIs(1));
  EXPECT_EQ(delivery_.dead_letters[0].job_id, "j1");
  ASSERT_THAT(bus_.events, SizeIs(1));
  EXPECT_EQ(bus_.events[0].state, JobState::kFailed);
  EXPECT_TRUE(bus_.events[0].final);
}

TEST_F(RunJobTest, FailuresFollowTheScheduleThenTheDeadLetterQueue) {
  store_.AddItem({"a"});
  plugins_.embedder->describe_error = Error{Code::kQuota, "used up"};
  for (int i = 0; i < 4; ++i) Handle(delivery_);
  EXPECT_THAT(delivery_.retries,
              ElementsAre(seconds(30), std::chrono::minutes(2), std::chrono::minutes(5)));
  ASSERT_THAT(delivery_.dead_letters, SizeIs(1));
  EXPECT_EQ(delivery_.dead_letters[0].error_type, "quota");
}

TEST_F(RunJobTest, ADeliveryThatRecordedBatchesDoesNotCount) {
  store_.AddItem(std::vector<std::string>(8, "text"));
  store_.failures = 3;
  plugins_.embedder->fail = [&](auto) -> std::optional<Error> {
    if (store_.batches == 0) return std::nullopt;
    return Error{Code::kQuota, "used up"};
  };
  Handle(delivery_);
  EXPECT_THAT(delivery_.dead_letters, IsEmpty());
  EXPECT_THAT(delivery_.retries, ElementsAre(seconds(30)));
  EXPECT_EQ(store_.failures, 0);
}

TEST_F(RunJobTest, ADatabaseThatIsAwayPausesTheWorkerAndCostsTheJobNothing) {
  store_.plan_error =
      Error{.code = Code::kUnavailable, .message = "no database", .origin = Origin::kDatabase};
  delivery_.attempt_value = 100;
  Handle(delivery_);
  EXPECT_THAT(delivery_.dead_letters, IsEmpty());
  EXPECT_THAT(delivery_.retries, ElementsAre(milliseconds(0)));
  EXPECT_EQ(store_.failures, 0);
  ASSERT_THAT(health_.reports, SizeIs(1));
  EXPECT_EQ(health_.reports[0].first, "postgresql");
}

TEST_F(RunJobTest, ASinkThatRefusesTheWorkersKeyPausesTheWorker) {
  store_.AddItem({"a"});
  plugins_.sink->ensure_error = Error{Code::kUnauthenticated, "wrong key"};
  for (int i = 0; i < 10; ++i) Handle(delivery_);
  EXPECT_THAT(delivery_.dead_letters, IsEmpty());
  EXPECT_THAT(plugins_.embedder->calls, IsEmpty());
  ASSERT_THAT(health_.reports, SizeIs(10));
  EXPECT_EQ(health_.reports[0].first, "sink");
}

TEST_F(RunJobTest, ASinkOfTheJobsOwnIsTheJobsOwnFault) {
  store_.AddItem({"a"});
  plugins_.sink->ensure_error = Error{Code::kUnauthenticated, "wrong key"};
  FakeDelivery delivery(R"({"job_id":"j1","dataset_transform_id":1,
                            "qdrant_config":{"url":"http://elsewhere:6333"}})");
  Handle(delivery);
  EXPECT_THAT(delivery.dead_letters, SizeIs(1));
  EXPECT_THAT(health_.reports, IsEmpty());
}

TEST_F(RunJobTest, AProviderThatOnlyThisWorkerLacksIsLeftToOthers) {
  store_.AddItem({"a"});
  store_.plan.targets[0].embedder.provider = "other";
  Handle(delivery_);
  EXPECT_THAT(delivery_.retries, SizeIs(1));
  store_.since_first = options_.provider_patience;
  Handle(delivery_);
  ASSERT_THAT(delivery_.dead_letters, SizeIs(1));
  EXPECT_EQ(delivery_.dead_letters[0].fault, "worker");
}

TEST_F(RunJobTest, ATransformThatIsDisabledMeanwhileStopsTheJob) {
  store_.AddItem(std::vector<std::string>(40, "text"));
  store_.record_error = Error{Code::kWithdrawn, "transform 1 was disabled"};
  Handle(delivery_);
  EXPECT_EQ(delivery_.acks, 1);
  EXPECT_LE(plugins_.embedder->calls.size(), 2U);
  EXPECT_TRUE(bus_.events.back().final);
  EXPECT_THAT(bus_.events.back().error.value_or(""), HasSubstr("disabled"));
}

TEST_F(RunJobTest, AJobThatIsOverIsReportedAndAcknowledged) {
  store_.over = true;
  store_.AddItem({"a"});
  Handle(delivery_);
  EXPECT_THAT(plugins_.embedder->calls, IsEmpty());
  ASSERT_THAT(bus_.events, SizeIs(1));
  EXPECT_TRUE(bus_.events[0].final);
  EXPECT_EQ(delivery_.acks, 1);
}

TEST_F(RunJobTest, WorkersThatDiedAtTheJobAreItsFailures) {
  store_.AddItem({"a"});
  store_.failures = options_.max_retries + 1;
  Handle(delivery_);
  EXPECT_THAT(plugins_.embedder->calls, IsEmpty());
  ASSERT_THAT(delivery_.dead_letters, SizeIs(1));
  EXPECT_THAT(delivery_.dead_letters[0].error, HasSubstr("failed 4 times; the last time: died"));
}

TEST_F(RunJobTest, AnExceptionIsAFailureThatCounts) {
  store_.AddItem({"a"});
  plugins_.embedder->fail = [](auto) -> std::optional<Error> { throw std::bad_alloc(); };
  Handle(delivery_);
  EXPECT_THAT(delivery_.retries, SizeIs(1));
  EXPECT_EQ(store_.failures, 1);
}

TEST_F(RunJobTest, AFailedChunkHasNoPointOfItsEarlierText) {
  store_.AddItem({"poison", "fine"});
  store_.stored_count = 1;
  Handle(delivery_);
  EXPECT_THAT(plugins_.sink->removed, ElementsAre(PointId(7, {1, 0})));
}

TEST_F(RunJobTest, TheCollectionIsToldWhatMadeItsVectorsOnceAllAreEmbedded) {
  store_.AddItem({"a"});
  Handle(delivery_);
  EXPECT_EQ(plugins_.sink->maker, store_.surroundings.maker);
  EXPECT_THAT(store_.surroundings.maker, HasSubstr(R"("model":"m")"));
}

TEST_F(RunJobTest, ACollectionThatCannotBeToldItsMakerIsToldByTheNextDelivery) {
  store_.AddItem({"a"});
  plugins_.sink->maker_error = Error{Code::kUnauthenticated, "wrong key"};
  Handle(delivery_);
  EXPECT_EQ(delivery_.acks, 0);
  EXPECT_THAT(delivery_.retries, ElementsAre(milliseconds(0)));
  EXPECT_THAT(store_.finished, IsEmpty());
  EXPECT_EQ(plugins_.sink->maker, "");
  Handle(delivery_);
  EXPECT_EQ(delivery_.acks, 1);
  EXPECT_EQ(plugins_.sink->maker, store_.surroundings.maker);
  EXPECT_THAT(plugins_.embedder->calls, SizeIs(1));
}

TEST_F(RunJobTest, AJobStaysInTheQueueUntilItsLastEventIsPublished) {
  store_.AddItem({"a"});
  bus_.final_error =
      Error{.code = Code::kTimeout, .message = "no answer", .origin = Origin::kQueue};
  Handle(delivery_);
  EXPECT_EQ(delivery_.acks, 0);
  EXPECT_THAT(delivery_.retries, IsEmpty());
  EXPECT_THAT(delivery_.dead_letters, IsEmpty());
  EXPECT_THAT(telemetry_.ended, ElementsAre(DeliveryOutcome::kHandedBack)) << "it comes back";
  Handle(delivery_);
  EXPECT_EQ(delivery_.acks, 1);
  EXPECT_EQ(telemetry_.ended.back(), DeliveryOutcome::kSuccess);
  EXPECT_TRUE(bus_.events.back().final);
  EXPECT_EQ(bus_.events.back().state, JobState::kSuccess);
  EXPECT_THAT(plugins_.embedder->calls, SizeIs(1));
}

TEST_F(RunJobTest, AFailureThatCannotBeCountedIsRetriedAndNeverGivenUp) {
  store_.AddItem({"a"});
  plugins_.embedder->describe_error = Error{Code::kQuota, "used up"};
  store_.count_error = Error{Code::kUnavailable, "no database"};
  delivery_.attempt_value = 100;
  Handle(delivery_);
  EXPECT_THAT(delivery_.retries, ElementsAre(std::chrono::hours(1)));
  EXPECT_THAT(delivery_.dead_letters, IsEmpty());
}

TEST_F(RunJobTest, ALargeJobIsSharedOut) {
  options_.max_chunks_per_job = 2;
  store_.AddItem({"a", "b", "c"});
  store_.ranges = {{0, 0, 1}, {1, 2, 2}, {2, 3, 9}};
  Handle(delivery_);
  EXPECT_THAT(plugins_.embedder->calls, IsEmpty());
  EXPECT_EQ(delivery_.acks, 1);
  ASSERT_THAT(queue_.published, SizeIs(2));
  EXPECT_EQ(queue_.published[0].first, "j1-7-0");
  for (const Progress& event : bus_.events) EXPECT_FALSE(event.final);

  FakeDelivery range(queue_.published[0].second);
  Handle(range);
  EXPECT_THAT(plugins_.embedder->calls, SizeIs(1));
  ASSERT_THAT(queue_.published, SizeIs(3));
  EXPECT_EQ(queue_.published[2].first, "j1-7-2");
}

TEST_F(RunJobTest, TheLastOfRangesOfWhichSomeWereGivenUpTellsThatTheJobFailed) {
  store_.AddItem({"a"});
  store_.dead_ranges = 2;
  Handle(delivery_);
  EXPECT_EQ(delivery_.acks, 1);
  ASSERT_FALSE(bus_.events.empty());
  EXPECT_TRUE(bus_.events.back().final);
  EXPECT_EQ(bus_.events.back().state, JobState::kFailed);
  EXPECT_THAT(bus_.events.back().error.value_or(""), HasSubstr("2 of the job's ranges"));
}

TEST_F(RunJobTest, ALongRetryAfterIsWaitedForInTheQueue) {
  store_.AddItem({"a"});
  plugins_.embedder->fail = [](auto) {
    return std::optional(Error{.code = Code::kRateLimited,
                               .message = "slow down",
                               .retry_after = std::chrono::minutes(10)});
  };
  Handle(delivery_);
  EXPECT_THAT(plugins_.embedder->calls, SizeIs(1));
  EXPECT_THAT(delivery_.retries, ElementsAre(std::chrono::minutes(10)));
}

TEST_F(RunJobTest, TheDeliverysTraceContextReachesThePlugins) {
  store_.AddItem({"a"});
  delivery_.traceparent_value = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  Handle(delivery_);
  ASSERT_THAT(plugins_.embedder->contexts, SizeIs(1));
  EXPECT_EQ(plugins_.embedder->contexts[0].traceparent, delivery_.traceparent_value);
}

TEST_F(RunJobTest, ShutdownHandsTheJobBackWithoutCounting) {
  store_.AddItem(std::vector<std::string>(12, "text"));
  plugins_.embedder->fail = [&](auto) -> std::optional<Error> {
    drain_.request_stop();
    return std::nullopt;
  };
  Handle(delivery_);
  EXPECT_THAT(delivery_.retries, ElementsAre(milliseconds(0)));
  EXPECT_EQ(store_.failures, 0);
  EXPECT_GE(store_.batches, 1);
  EXPECT_LT(store_.batches, 3);
  EXPECT_THAT(telemetry_.ended, ElementsAre(DeliveryOutcome::kHandedBack));
}

TEST_F(RunJobTest, AJobWhoseTimeIsUpStopsBetweenBatchesAndIsHandedBack) {
  store_.AddItem(std::vector<std::string>(40, "text"));
  plugins_.embedder->fail = [&](auto) -> std::optional<Error> {
    clock_.Advance(options_.job_timeout);
    return std::nullopt;
  };
  Handle(delivery_);
  EXPECT_THAT(delivery_.retries, ElementsAre(milliseconds(0)));
  EXPECT_GE(store_.batches, 1);
  EXPECT_LT(store_.batches, 10);
  FakeDelivery next(kJob);
  next.attempt_value = 2;
  plugins_.embedder->fail = nullptr;
  Handle(next);
  EXPECT_EQ(next.acks, 1);
  EXPECT_THAT(store_.recorded[7], SizeIs(40));
}

TEST_F(RunJobTest, ManyBatchesInFlightStillRecordEveryChunkOnce) {
  options_.batches_in_flight = 8;
  for (int i = 0; i < 100; ++i) store_.AddItem(std::vector<std::string>(7, "text"));
  Handle(delivery_);
  EXPECT_EQ(delivery_.acks, 1);
  EXPECT_THAT(store_.recorded[7], SizeIs(700));
  EXPECT_EQ(store_.batches, 175);
}

TEST_F(RunJobTest, AClaimThatCannotBeRenewedIsTheDatabasesFault) {
  store_.AddItem({"a"});
  store_.renew_error =
      Error{.code = Code::kUnavailable, .message = "no database", .origin = Origin::kDatabase};
  plugins_.embedder->fail = [&](auto) -> std::optional<Error> {
    clock_.Advance(std::chrono::hours(2));  // Longer than the lease.
    return std::nullopt;
  };
  Handle(delivery_);
  EXPECT_THAT(delivery_.retries, ElementsAre(milliseconds(0)));
  EXPECT_EQ(store_.failures, 0);
  ASSERT_THAT(health_.reports, SizeIs(1));
  EXPECT_EQ(health_.reports[0].first, "postgresql") << health_.reports[0].second.message;
}

TEST_F(RunJobTest, WhatIsNotKnownIsNotToldAsNothing) {
  store_.AddItem(std::vector<std::string>(8, "text"));
  plugins_.embedder->fail = [&](auto) -> std::optional<Error> {
    if (store_.batches == 0) return std::nullopt;
    return Error{Code::kQuota, "used up"};
  };
  Handle(delivery_);  // Half of it.
  store_.plan_error =
      Error{.code = Code::kUnavailable, .message = "no database", .origin = Origin::kDatabase};
  delivery_.attempt_value = 2;
  Handle(delivery_);  // Fails before it knows how far the job came.
  ASSERT_FALSE(bus_.events.empty());
  for (const Progress& event : bus_.events) {
    EXPECT_EQ(event.total_chunks, 8) << event.error.value_or("");
  }
}

}  // namespace
}  // namespace dsw
