// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/worker_pool.h"

#include <memory>

#include <gtest/gtest.h>

#include "tests/support/fakes.h"
#include "tests/support/manual_clock.h"
#include "tests/support/matchers.h"

namespace dsw {
namespace {

class WorkerPoolTest : public testing::Test {
 protected:
  FakeStore store_;
  FakePlugins plugins_;
  FakeBus bus_;
  FakeTelemetry telemetry_;
  SystemClock clock_;
  PipelineOptions options_;
  Lanes lanes_{options_.embedder_calls, options_.sink_calls, clock_, telemetry_};
  FakeQueue queue_;
  FakeHealth health_;
  RangeSlots ranges_{1};
  MemoryBudget memory_{64 << 20};
  Company company_;
  WorkerContext worker_{"worker", queue_,   store_, plugins_, bus_,    health_, telemetry_,
                        clock_,   options_, lanes_, ranges_,  memory_, company_};
};

TEST_F(WorkerPoolTest, TakesOneDeliveryAfterAnother) {
  queue_.deliveries = 5;
  WorkerPool pool(1, worker_);
  queue_.WaitForFetches(6);
  pool.Drain();
  ASSERT_TRUE(pool.WaitEnded(std::chrono::minutes(1)));
  EXPECT_EQ(telemetry_.ended.size(), 5U);
  EXPECT_EQ(pool.active(), 0);
}

TEST_F(WorkerPoolTest, CountsTheDeadLettersOfItsJobs) {
  queue_.deliveries = 3;
  WorkerPool pool(1, worker_);
  queue_.WaitForFetches(4);
  EXPECT_EQ(pool.dead_letters().letters, 3);
  EXPECT_THAT(pool.dead_letters().jobs, testing::ElementsAre("?"));
}

TEST_F(WorkerPoolTest, GoesOnWhenTheQueueFailed) {
  ManualClock clock;
  const WorkerContext worker{"worker", queue_,   store_, plugins_, bus_,    health_, telemetry_,
                             clock,    options_, lanes_, ranges_,  memory_, company_};
  queue_.deliveries = 1;
  queue_.failures = 1;
  {
    const WorkerPool pool(1, worker);
    queue_.WaitForFetches(3);
  }
  EXPECT_EQ(telemetry_.ended.size(), 1U);
}

TEST_F(WorkerPoolTest, EndsWhenDestroyed) {
  queue_.deliveries = 0;
  const WorkerPool pool(4, worker_);
  queue_.WaitForFetches(4);
}

}  // namespace
}  // namespace dsw
