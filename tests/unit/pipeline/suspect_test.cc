// SPDX-License-Identifier: Apache-2.0
//
// Jobs at which a worker died beside others.
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include "tests/unit/pipeline/job_fixture.h"

namespace dsw {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;

using SuspectTest = JobFixture;

TEST_F(SuspectTest, AJobThatMayHaveKilledAWorkerRunsAloneUntilItRecordedSomething) {
  store_.AddItem(std::vector<std::string>(12, "text"));
  store_.suspected = true;
  Company::Member other(company_);
  const auto other_works = [&] {
    std::stop_source stop;
    stop.request_stop();
    return other.Begin(stop.get_token()) != nullptr;
  };
  std::vector<bool> beside;
  plugins_.embedder->fail = [&](auto) -> std::optional<Error> {
    EXPECT_EQ(store_.alone, 1) << "it is written down before";
    beside.push_back(other_works());
    return std::nullopt;
  };
  Company::Step step = other.Begin({});
  std::jthread job([&] { Handle(delivery_); });
  while (other_works()) std::this_thread::yield();
  EXPECT_EQ(store_.alone, 0) << "the other is still at something";
  EXPECT_THAT(plugins_.embedder->calls, IsEmpty());
  step.reset();
  job.join();
  EXPECT_THAT(beside, ElementsAre(false, true, true));
  EXPECT_EQ(delivery_.acks, 1);
  EXPECT_TRUE(other_works());
}

TEST_F(SuspectTest, AJobThatCannotBeSaidToRunAloneDoesNotRun) {
  store_.AddItem({"text"});
  store_.suspected = true;
  store_.alone_error =
      Error{.code = Code::kUnavailable, .message = "no database", .origin = Origin::kDatabase};
  Handle(delivery_);
  EXPECT_THAT(plugins_.embedder->calls, IsEmpty());
  EXPECT_THAT(delivery_.retries, ElementsAre(milliseconds(0)));
  EXPECT_EQ(store_.failures, 0);
}

}  // namespace
}  // namespace dsw
