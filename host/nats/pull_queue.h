// SPDX-License-Identifier: Apache-2.0
//
// The job queue: a durable pull consumer that all workers of a fleet share.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>

#include "host/base/clock.h"
#include "host/nats/connection.h"
#include "host/nats/delivery.h"
#include "host/nats/topology.h"
#include "host/ports/job_queue.h"

namespace dsw {

struct PullQueueOptions {
  NatsTopology topology;                            ///< What Health() looks after.
  std::string worker;                               ///< Names this process in dead letters.
  std::chrono::milliseconds check_interval{10000};  ///< Between looks at the topology.
};

/// One thread at a time asks the server, the others wait for their turn. A message that comes too
/// late to be fetched goes back to the queue at once. Thread-safe.
class PullQueue final : public JobQueue {
 public:
  /// `connection` outlives the queue and its deliveries. The stream and its consumer exist.
  static Result<std::unique_ptr<PullQueue>> Open(const NatsConnection& connection,
                                                 const PullQueueOptions& options);
  /// Hands back what the server sent and nobody fetched.
  ~PullQueue() override;

  /// kUnavailable, after about a second, while the server cannot be reached. The queue without its
  /// consumer looks like an empty one: see Health().
  Result<std::unique_ptr<Delivery>> Fetch(std::stop_token stop) override;
  std::chrono::milliseconds ack_wait() const override { return ack_wait_; }
  Status Publish(const std::string& json, const std::string& message_id) override;
  Result<bool> Idle() override;
  /// Looks for the consumer each time, for all of the topology after each check interval. What was
  /// deleted or lost is made again, if the topology allows it.
  Status Health() override;

 private:
  PullQueue(const NatsConnection& connection, const PullQueueOptions& options);
  Status Subscribe();
  /// With health_mutex_ held.
  Status Restore();
  Result<std::unique_ptr<Delivery>> FetchOne(const std::stop_token& stop);

  // Constant after Open.
  const NatsConnection& connection_;
  const NatsTopology topology_;
  const std::chrono::milliseconds check_interval_;
  const std::shared_ptr<const DeliveryContext> context_;
  std::chrono::milliseconds ack_wait_{};

  // Of the thread whose turn it is to fetch.
  NatsSubscriptionHandle subscription_;
  natsConnection* subscribed_on_ = nullptr;

  std::mutex health_mutex_;
  Clock::TimePoint next_check_{};  ///< Guarded by health_mutex_.

  std::mutex mutex_;
  std::condition_variable_any turn_;
  bool fetching_ = false;  ///< Guarded by mutex_.
};

}  // namespace dsw
