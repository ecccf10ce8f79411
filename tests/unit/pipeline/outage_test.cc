// SPDX-License-Identifier: Apache-2.0
//
// Jobs whose provider is down, slow to allow, or told to stop, in simulated time.
#include <algorithm>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include "tests/unit/pipeline/job_fixture.h"

namespace dsw {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class OutageTest : public JobFixture {
 protected:
  OutageTest() {
    plugins_.embedder->is_remote = true;
    options_.batches_in_flight = 4;
    options_.job_timeout = std::chrono::hours(5);
  }
  FakeEmbedder& embedder() { return *plugins_.embedder; }
  /// From now on for so long, every call fails.
  void GoDown(Code code, Clock::TimePoint::duration lasts) {
    const Clock::TimePoint up = clock_.Now() + lasts;
    embedder().fail = [this, code, up](auto) -> std::optional<Error> {
      const Clock::TimePoint now = clock_.Now();
      if (now < up) return Error{code, "connection refused"};
      if (first_success_ == Clock::TimePoint{}) first_success_ = now;
      return std::nullopt;
    };
  }
  Clock::TimePoint first_success_{};
};

TEST_F(OutageTest, NothingIsPaidForWhileTheSinkRefusesWritesAndLittleUntilItTakesPoints) {
  options_.batches_in_flight = 1;
  store_.AddItem(std::vector<std::string>(9, "text"));
  const Error read_only{Code::kUnauthenticated, "the key may only read"};
  const auto paid_by_next = [&] {
    embedder().calls.clear();
    FakeDelivery delivery(kJob);
    Handle(delivery);
    std::vector<std::size_t> texts;
    for (const auto& call : embedder().calls) texts.push_back(call.size());
    return texts;
  };
  plugins_.sink->upsert_error = read_only;
  EXPECT_THAT(paid_by_next(), ElementsAre(4));
  plugins_.sink->remove_error = read_only;
  EXPECT_THAT(paid_by_next(), IsEmpty());
  EXPECT_THAT(paid_by_next(), IsEmpty());
  EXPECT_THAT(health_.reports, SizeIs(3));
  EXPECT_EQ(health_.reports.back().first, "sink");
  // As with a full disk: what changes nothing is taken.
  plugins_.sink->remove_error.reset();
  plugins_.sink->upsert_error = read_only;
  EXPECT_THAT(paid_by_next(), ElementsAre(1));
  EXPECT_THAT(paid_by_next(), ElementsAre(1, 4, 4));
  EXPECT_THAT(plugins_.sink->points, SizeIs(9));
  EXPECT_EQ(store_.failures, 0);
}

TEST_F(OutageTest, TwoMinutesCostNoFailedDelivery) {
  for (const int in_flight : {1, 4}) {
    for (const Code code : {Code::kUnavailable, Code::kOverloaded}) {
      options_.batches_in_flight = in_flight;
      store_.items.clear();
      store_.recorded.clear();
      first_success_ = {};
      store_.AddItem(std::vector<std::string>(400, "text"));
      const Clock::TimePoint up = clock_.Now() + minutes(2);
      GoDown(code, minutes(2));
      FakeDelivery delivery(kJob);
      Handle(delivery);
      EXPECT_EQ(delivery.acks, 1) << CodeName(code);
      EXPECT_THAT(delivery.retries, IsEmpty());
      EXPECT_THAT(delivery.dead_letters, IsEmpty());
      EXPECT_THAT(store_.recorded[7], SizeIs(400));
      EXPECT_EQ(store_.failures, 0);
      // Waits of several threads add up in simulated time.
      if (in_flight == 1) {
        EXPECT_LE(first_success_ - up, seconds(5));
      }
    }
  }
  EXPECT_THAT(telemetry_.circuits, testing::Contains(true));
  EXPECT_FALSE(telemetry_.circuits.back());
}

TEST_F(OutageTest, AJobThatBeginsWhileFactsCannotBeHadWaits) {
  store_.AddItem({"a"});
  embedder().describe_error = Error{Code::kUnavailable, "connection refused"};
  Handle(delivery_);
  EXPECT_THAT(delivery_.retries, SizeIs(1));
  std::chrono::milliseconds waited{0};
  for (const milliseconds wait : clock_.waits()) waited += wait;
  EXPECT_GE(waited, seconds(290));
  EXPECT_LE(waited, seconds(320));
}

TEST_F(OutageTest, PatienceEndsAndTheDeliveryFailsWithTheReason) {
  options_.batches_in_flight = 1;
  store_.AddItem(std::vector<std::string>(40, "text"));
  GoDown(Code::kUnavailable, std::chrono::hours(4));
  const Clock::TimePoint started = clock_.Now();
  Handle(delivery_);
  EXPECT_THAT(delivery_.retries, SizeIs(1));
  ASSERT_TRUE(store_.last_failure.has_value());
  EXPECT_EQ(store_.last_failure->code, Code::kUnavailable);
  EXPECT_THAT(store_.last_failure->message, testing::HasSubstr("connection refused"));
  EXPECT_GE(clock_.Now() - started, seconds(300));
  EXPECT_LE(clock_.Now() - started, seconds(330));
}

TEST_F(OutageTest, AShutdownWhileTheProviderIsDownHandsTheJobBack) {
  store_.AddItem(std::vector<std::string>(40, "text"));
  const Clock::TimePoint begin = clock_.Now();
  embedder().fail = [&](auto) {
    if (clock_.Now() > begin + seconds(60)) drain_.request_stop();
    return Error{Code::kUnavailable, "connection refused"};
  };
  Handle(delivery_);
  EXPECT_THAT(delivery_.retries, testing::ElementsAre(milliseconds(0)));
  EXPECT_EQ(store_.failures, 0);
}

TEST_F(OutageTest, AJobWhoseTimeIsUpWhileTheProviderIsDownIsHandedBack) {
  options_.job_timeout = seconds(60);
  store_.AddItem(std::vector<std::string>(40, "text"));
  GoDown(Code::kUnavailable, std::chrono::hours(1));
  const Clock::TimePoint started = clock_.Now();
  Handle(delivery_);
  EXPECT_THAT(delivery_.retries, testing::ElementsAre(milliseconds(0)));
  EXPECT_LE(clock_.Now() - started, seconds(65));
}

TEST_F(OutageTest, FourJobsTogetherKeepToTheRequestsASecond) {
  store_.AddItem(std::vector<std::string>(400, "text"));
  for (std::int64_t id = 8; id < 11; ++id) {
    store_.plan.targets.push_back(store_.plan.targets[0]);
    store_.plan.targets.back().embedded_dataset_id = id;
  }
  std::vector<FakeDelivery> deliveries;
  for (int i = 0; i < 4; ++i) deliveries.emplace_back(kJob);
  std::vector<std::thread> jobs;
  for (FakeDelivery& delivery : deliveries) jobs.emplace_back([&] { Handle(delivery); });
  for (std::thread& job : jobs) job.join();
  for (const FakeDelivery& delivery : deliveries) EXPECT_EQ(delivery.acks, 1);

  std::vector<Clock::TimePoint> departures;
  for (const CallContext& context : embedder().contexts) departures.push_back(context.deadline);
  std::sort(departures.begin(), departures.end());
  ASSERT_GE(departures.size(), 400U);
  for (std::size_t i = 0; i + 10 < departures.size(); ++i) {
    EXPECT_GT(departures[i + 10] - departures[i], seconds(1));
  }
}

TEST_F(OutageTest, APauseThatIsTooLongForOneJobIsNotWaitedForByAnother) {
  store_.AddItem({"a"});
  int calls = 0;
  embedder().fail = [&](auto) -> std::optional<Error> {
    if (++calls > 1) return std::nullopt;
    Error error{Code::kRateLimited, "slow down"};
    error.retry_after = minutes(10);
    return error;
  };
  Handle(delivery_);
  FakeDelivery other(kJob);
  Handle(other);
  EXPECT_EQ(calls, 1);
  ASSERT_THAT(other.retries, SizeIs(1));
  EXPECT_GT(other.retries[0], minutes(9));
}

}  // namespace
}  // namespace dsw
