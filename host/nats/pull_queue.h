// SPDX-License-Identifier: Apache-2.0
//
// The job queue: a durable pull consumer that all workers of a fleet share.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>

#include "host/nats/connection.h"
#include "host/nats/delivery.h"
#include "host/ports/job_queue.h"

namespace dsw {

struct PullQueueOptions {
  std::string stream;
  std::string consumer;
  std::string dlq_stream;
  std::string worker;  ///< Names this process in dead letters.
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

  /// kUnavailable, after about a second, while the server cannot be reached.
  Result<std::unique_ptr<Delivery>> Fetch(std::stop_token stop) override;
  std::chrono::milliseconds ack_wait() const override { return ack_wait_; }
  Status Publish(const std::string& json, const std::string& message_id) override;
  Result<bool> Idle() override;
  /// kNotFound once the consumer is gone, by somebody's hand.
  Status Health() override;

 private:
  PullQueue(const NatsConnection& connection, const PullQueueOptions& options);
  Result<std::unique_ptr<Delivery>> FetchOne(const std::stop_token& stop);

  // Constant after Open.
  const NatsConnection& connection_;
  const std::string stream_;
  const std::string consumer_;
  const std::shared_ptr<const DeliveryContext> context_;
  std::shared_ptr<natsSubscription> subscription_;
  std::chrono::milliseconds ack_wait_{};

  std::mutex mutex_;
  std::condition_variable_any turn_;
  bool fetching_ = false;  ///< Guarded by mutex_.
};

}  // namespace dsw
