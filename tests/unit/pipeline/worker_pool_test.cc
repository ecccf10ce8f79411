// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/worker_pool.h"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>

#include <gtest/gtest.h>

#include "tests/support/fakes.h"
#include "tests/support/manual_clock.h"
#include "tests/support/matchers.h"

namespace dsw {
namespace {

/// Hands out as many deliveries as it was given, then waits to be stopped.
class FakeQueue final : public JobQueue {
 public:
  explicit FakeQueue(int deliveries) : left_(deliveries) {}

  Result<std::unique_ptr<Delivery>> Fetch(std::stop_token stop) override {
    std::unique_lock lock(mutex_);
    ++fetches_;
    changed_.notify_all();
    if (fetches_ <= failures) return Fail(Code::kUnavailable, "no queue");
    if (left_ > 0) {
      --left_;
      return std::unique_ptr<Delivery>(std::make_unique<FakeDelivery>("not a job"));
    }
    changed_.wait(lock, stop, [] { return false; });
    return std::unique_ptr<Delivery>();
  }
  std::chrono::milliseconds ack_wait() const override { return std::chrono::hours(1); }
  Status Publish(const std::string&, const std::string&) override { return {}; }
  Result<bool> Idle() override { return true; }
  Status Health() override { return {}; }

  /// Waits until Fetch was called so often.
  void WaitForFetches(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return fetches_ >= count; });
  }

  int failures = 0;  ///< So many fetches fail first.

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  int left_;
  int fetches_ = 0;
};

class WorkerPoolTest : public testing::Test {
 protected:
  FakeStore store_;
  FakePlugins plugins_;
  FakeBus bus_;
  FakeTelemetry telemetry_;
  SystemClock clock_;
  PipelineOptions options_;
  Lanes lanes_{options_.embedder_calls, options_.sink_calls, clock_, telemetry_};
  WorkerContext worker_{store_, plugins_, bus_, telemetry_, clock_, options_, lanes_};
};

TEST_F(WorkerPoolTest, TakesOneDeliveryAfterAnother) {
  FakeQueue queue(5);
  WorkerPool pool(1, queue, worker_);
  queue.WaitForFetches(6);
  pool.Drain();
  ASSERT_TRUE(pool.WaitEnded(std::chrono::minutes(1)));
  EXPECT_EQ(telemetry_.ended.size(), 5U);
  EXPECT_EQ(pool.active(), 0);
}

TEST_F(WorkerPoolTest, GoesOnWhenTheQueueFailed) {
  ManualClock clock;
  const WorkerContext worker{store_, plugins_, bus_, telemetry_, clock, options_, lanes_};
  FakeQueue queue(1);
  queue.failures = 1;
  {
    const WorkerPool pool(1, queue, worker);
    queue.WaitForFetches(3);
  }
  EXPECT_EQ(telemetry_.ended.size(), 1U);
}

TEST_F(WorkerPoolTest, EndsWhenDestroyed) {
  FakeQueue queue(0);
  const WorkerPool pool(4, queue, worker_);
  queue.WaitForFetches(4);
}

}  // namespace
}  // namespace dsw
