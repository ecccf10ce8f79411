// SPDX-License-Identifier: Apache-2.0
//
// How jobs end: what is said of it is true, in the order in which it becomes true, and once.
#include <new>
#include <system_error>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/matchers.h"
#include "tests/unit/pipeline/job_fixture.h"

namespace dsw {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class EndOfJobTest : public JobFixture {
 protected:
  void AddSecondTarget() {
    store_.plan.targets.push_back(store_.plan.targets[0]);
    store_.plan.targets[1].embedded_dataset_id = 8;
  }
  int FinalEvents() const {
    return static_cast<int>(std::count_if(bus_.events.begin(), bus_.events.end(),
                                          [](const Progress& event) { return event.final; }));
  }
};

TEST_F(EndOfJobTest, ADeadLetterThatIsRefusedKeepsItsReasonAndItsCount) {
  store_.AddItem({"a"});
  plugins_.embedder->describe_error = Error{Code::kQuota, "used up"};
  store_.failures = options_.max_retries;
  delivery_.settle_status = Fail(Code::kUnavailable, "the stream is full");
  for (int i = 0; i < 3; ++i) Handle(delivery_);
  EXPECT_THAT(store_.ended, IsEmpty()) << "nobody is told before it is one";
  EXPECT_EQ(FinalEvents(), 0);
  delivery_.settle_status = {};
  EXPECT_EQ(Handle(delivery_), "j1");
  EXPECT_EQ(store_.noted, 1) << "it failed once";
  ASSERT_THAT(delivery_.dead_letters, SizeIs(4));
  for (const DeadLetterReason& reason : delivery_.dead_letters) {
    EXPECT_EQ(reason.error_type, "quota");
    EXPECT_EQ(reason.fault, "upstream");
    EXPECT_THAT(reason.error, HasSubstr("used up"));
  }
  EXPECT_EQ(delivery_.dead_letters[3].error, delivery_.dead_letters[1].error);
  EXPECT_THAT(store_.ended, SizeIs(1));
  EXPECT_EQ(FinalEvents(), 1);
  EXPECT_TRUE(bus_.events.back().final);
}

TEST_F(EndOfJobTest, ADeadLetterIsOneBeforeTheDatabaseSaysSo) {
  store_.plan_error = Error{Code::kNotFound, "no transform 1"};
  delivery_.on_dead_letter = [&] { EXPECT_THAT(store_.ended, IsEmpty()); };
  store_.end_error = Error{Code::kUnavailable, "no database"};
  EXPECT_EQ(Handle(delivery_), std::nullopt);
  EXPECT_EQ(delivery_.acks, 0) << "it comes back";
  EXPECT_THAT(bus_.events, IsEmpty());
  delivery_.on_dead_letter = nullptr;
  EXPECT_EQ(Handle(delivery_), "j1");
  EXPECT_EQ(FinalEvents(), 1);
}

TEST_F(EndOfJobTest, ADeadLetterWhoseMessageIsStillInTheQueueIsCountedWhenItIsOut) {
  FakeDelivery bad("{");
  bad.ack_error = Error{Code::kTimeout, "no answer"};
  EXPECT_EQ(Handle(bad), std::nullopt);
  bad.ack_error.reset();
  EXPECT_EQ(Handle(bad), "?");
}

TEST_F(EndOfJobTest, AnotherAttemptIsPromisedOnceTheQueueHasTakenIt) {
  store_.AddItem({"a"});
  plugins_.embedder->describe_error = Error{Code::kQuota, "used up"};
  const auto promises = [&] {
    return std::count_if(bus_.events.begin(), bus_.events.end(), [](const Progress& event) {
      return event.error.value_or("").find("next attempt") != std::string::npos;
    });
  };
  delivery_.on_retry = [&] { EXPECT_EQ(promises(), 0); };
  delivery_.settle_status = Fail(Code::kUnavailable, "no queue");
  Handle(delivery_);
  EXPECT_EQ(promises(), 0);
  delivery_.settle_status = {};
  Handle(delivery_);
  EXPECT_EQ(promises(), 1);
}

TEST_F(EndOfJobTest, ATargetThatIsDeletedKeepsItsLastKnownCounts) {
  store_.AddItem(std::vector<std::string>(12, "text"));
  plugins_.embedder->fail = [&](auto) -> std::optional<Error> {
    if (store_.batches == 0) return std::nullopt;
    clock_.Advance(std::chrono::seconds(1));
    store_.record_error = Error{Code::kWithdrawn, "transform 1 was deleted"};
    store_.totals_error = store_.record_error;
    return std::nullopt;
  };
  Handle(delivery_);
  EXPECT_EQ(delivery_.acks, 1);
  EXPECT_EQ(FinalEvents(), 1);
  EXPECT_EQ(bus_.events.back().total_chunks, 12);
  EXPECT_EQ(bus_.events.back().chunk_count, 4) << "and what was recorded since it was last told";
}

TEST_F(EndOfJobTest, ARangeThatIsGivenUpIsNotTheEndWhileAnotherTargetRuns) {
  store_.plan_error = Error{Code::kNotFound, "embedder 1 does not exist"};
  store_.failed_end = RunEnd{.complete = true, .job = {.over = false, .failure = "refused"}};
  Handle(delivery_);
  EXPECT_THAT(delivery_.dead_letters, SizeIs(1));
  ASSERT_THAT(bus_.events, SizeIs(1));
  EXPECT_FALSE(bus_.events[0].final);
  EXPECT_EQ(bus_.events[0].state, JobState::kFailed);
}

TEST_F(EndOfJobTest, ATargetWithRangesThatWereGivenUpIsNotTheEndWhileAnotherRuns) {
  store_.AddItem({"a"});
  store_.dead_ranges = 1;
  store_.job_end = JobEnd{.over = false, .failure = "1 of the job's ranges given up"};
  Handle(delivery_);
  EXPECT_EQ(delivery_.acks, 1);
  EXPECT_EQ(FinalEvents(), 0);
  EXPECT_EQ(bus_.events.back().state, JobState::kFailed);
}

TEST_F(EndOfJobTest, TheLastTargetTellsThatAnotherOneFailed) {
  store_.AddItem({"a"});
  store_.job_end = JobEnd{.over = true, .failure = "2 of the job's ranges given up"};
  Handle(delivery_);
  EXPECT_EQ(delivery_.acks, 1);
  EXPECT_EQ(FinalEvents(), 1);
  EXPECT_EQ(bus_.events.back().state, JobState::kFailed);
  EXPECT_THAT(bus_.events.back().error.value_or(""), HasSubstr("2 of the job's ranges"));
}

TEST_F(EndOfJobTest, WhatHadSucceededIsToldAsASuccessWhateverCameAfter) {
  store_.plan_error = Error{Code::kWithdrawn, "transform 1 is disabled"};
  store_.failed_end = RunEnd{
      .complete = true,
      .job = {.over = true, .failure = {}},
      .reached = Reached{.embedded_dataset_id = 7, .totals = {.total = 9, .done = 8, .failed = 1}}};
  delivery_.attempt_value = 2;
  Handle(delivery_);
  ASSERT_THAT(bus_.events, SizeIs(1));
  const Progress& last = bus_.events[0];
  EXPECT_TRUE(last.final);
  EXPECT_EQ(last.state, JobState::kSuccess);
  EXPECT_EQ(last.error, std::nullopt);
  EXPECT_EQ(last.embedded_dataset_id, 7);
  EXPECT_EQ(last.total_chunks, 9);
  EXPECT_EQ(last.chunk_count, 8);
  EXPECT_EQ(last.failed_chunks, 1);
}

TEST_F(EndOfJobTest, ADeadLetterOfALaterDeliveryTellsHowFarTheJobCame) {
  store_.plan_error = Error{Code::kNotFound, "embedder 5 does not exist"};
  store_.failed_end =
      RunEnd{.complete = true,
             .job = {.over = true, .failure = "embedder 5 does not exist"},
             .reached = Reached{.embedded_dataset_id = 7, .totals = {.total = 9, .done = 4}}};
  delivery_.attempt_value = 2;
  Handle(delivery_);
  ASSERT_THAT(bus_.events, SizeIs(1));
  EXPECT_EQ(bus_.events[0].state, JobState::kFailed);
  EXPECT_EQ(bus_.events[0].total_chunks, 9);
  EXPECT_EQ(bus_.events[0].chunk_count, 4);
}

TEST_F(EndOfJobTest, AnExceptionOfTheJobThreadIsCountedAndSaid) {
  store_.AddItem({"a"});
  plugins_.on_open = [](const EmbedderConfig&) -> std::optional<Error> {
    throw std::system_error(EAGAIN, std::generic_category(), "no thread");
  };
  for (int i = 0; i <= options_.max_retries; ++i) Handle(delivery_);
  EXPECT_EQ(store_.failures, options_.max_retries + 1);
  ASSERT_THAT(delivery_.dead_letters, SizeIs(1));
  EXPECT_THAT(delivery_.dead_letters[0].error, HasSubstr("exception: no thread"));
  ASSERT_FALSE(bus_.events.empty());
  EXPECT_TRUE(bus_.events.back().final);
  EXPECT_THAT(bus_.events.back().error.value_or(""), HasSubstr("no thread"));
  EXPECT_EQ(bus_.events.back().total_chunks, 1) << "what was known stays known";
}

TEST_F(EndOfJobTest, AnExceptionWhileItIsSettledIsCountedAndSaid) {
  store_.AddItem({"a"});
  store_.recorded[7] = {{1, 0}};
  bus_.on_final = [] { throw std::bad_alloc(); };
  Handle(delivery_);
  EXPECT_EQ(store_.failures, 1);
  EXPECT_EQ(delivery_.acks, 0);
  EXPECT_THAT(delivery_.retries, SizeIs(1));
  EXPECT_THAT(telemetry_.ended, ElementsAre(DeliveryOutcome::kRetried));
  EXPECT_THAT(bus_.events.back().error.value_or(""),
              AllOf(HasSubstr("exception"), HasSubstr("next attempt")));
  bus_.on_final = nullptr;
  Handle(delivery_);
  EXPECT_EQ(delivery_.acks, 1);
  EXPECT_EQ(FinalEvents(), 1);
  EXPECT_EQ(bus_.events.back().state, JobState::kSuccess);
}

TEST_F(EndOfJobTest, ADeliveryThatCannotBeSettledAtAllIsCountedAsHandedBackOrRetried) {
  store_.AddItem({"a"});
  plugins_.embedder->describe_error = Error{Code::kQuota, "used up"};
  delivery_.on_retry = [] { throw std::bad_alloc(); };
  EXPECT_EQ(Handle(delivery_), std::nullopt);
  EXPECT_EQ(store_.noted, 1) << "one delivery is one failure";
  EXPECT_THAT(telemetry_.ended, ElementsAre(DeliveryOutcome::kRetried));
  EXPECT_EQ(telemetry_.started, 1);
}

/// A message that cannot be read, for want of memory.
class UnreadableDelivery final : public Delivery {
 public:
  std::string_view payload() const override { throw std::bad_alloc(); }
  std::uint64_t attempt() const override { return inner.attempt(); }
  std::string_view traceparent() const override { return {}; }
  Status InProgress() override { return {}; }
  Status Ack() override { return inner.Ack(); }
  Status RetryIn(std::chrono::milliseconds delay) override { return inner.RetryIn(delay); }
  Status DeadLetter(const DeadLetterReason& reason) override { return inner.DeadLetter(reason); }

  FakeDelivery inner{""};
};

TEST_F(EndOfJobTest, AnExceptionBeforeTheJobIsKnownIsCountedByTheQueue) {
  UnreadableDelivery delivery;
  const StopSignals stops{drain_.get_token(), cancel_.get_token()};
  for (int i = 0; i <= options_.max_retries; ++i) {
    EXPECT_THAT(delivery.inner.dead_letters, IsEmpty());
    HandleDelivery(delivery, worker_, stops);
    ++delivery.inner.attempt_value;
  }
  EXPECT_THAT(delivery.inner.retries, SizeIs(options_.max_retries));
  ASSERT_THAT(delivery.inner.dead_letters, SizeIs(1));
  EXPECT_EQ(delivery.inner.dead_letters[0].error_type, "internal");
  EXPECT_THAT(telemetry_.ended, SizeIs(options_.max_retries + 1));
}

TEST_F(EndOfJobTest, ThePartThatFailedIsTheTargetsThatFailed) {
  store_.AddItem({"a"});
  AddSecondTarget();
  store_.plan.targets[1].embedder.provider = "second";
  plugins_.on_open = [](const EmbedderConfig& config) -> std::optional<Error> {
    if (config.provider != "second") return std::nullopt;
    return Error{.code = Code::kInvalid, .message = "a broken file", .origin = Origin::kWorker};
  };
  Handle(delivery_);
  EXPECT_THAT(store_.finished, ElementsAre(7));
  ASSERT_THAT(health_.reports, SizeIs(1));
  EXPECT_EQ(health_.reports[0].first, "provider second");
}

}  // namespace
}  // namespace dsw
