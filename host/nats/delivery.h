// SPDX-License-Identifier: Apache-2.0
//
// One message of the job stream, and how it is settled.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "host/nats/connection.h"
#include "host/nats/dead_letter.h"
#include "host/ports/job_queue.h"

namespace dsw {

/// What all deliveries of a queue share. Immutable.
struct DeliveryContext {
  const NatsConnection& connection;
  std::string dlq_stream;
  std::string worker;  ///< Names this process in dead letters.
};

/// Ack, RetryIn and DeadLetter return once the server has confirmed. A failure leaves the message
/// where it was: it comes back after the ack wait unless the call is repeated with success.
class NatsDelivery final : public Delivery {
 public:
  /// kInternal when `message` is none of JetStream's.
  static Result<std::unique_ptr<Delivery>> Make(NatsMsgHandle message,
                                                std::shared_ptr<const DeliveryContext> context);

  std::string_view payload() const override;
  std::uint64_t attempt() const override { return origin_.attempt; }
  std::string_view traceparent() const override { return traceparent_; }

  Status InProgress() override;
  Status Ack() override;
  Status RetryIn(std::chrono::milliseconds delay) override;
  Status DeadLetter(const DeadLetterReason& reason) override;

 private:
  NatsDelivery(NatsMsgHandle message, std::shared_ptr<const DeliveryContext> context);
  Status Settle(const std::string& verdict, std::string_view doing);
  Result<NatsMsgHandle> MakeDeadLetter(const DeadLetterReason& reason) const;

  // Constant after construction.
  const std::shared_ptr<const DeliveryContext> context_;
  const NatsMsgHandle message_;
  MessageOrigin origin_;
  NatsHeaders headers_;
  std::string traceparent_;

  std::mutex settling_;  ///< Held by whoever talks to the server about the message.
};

}  // namespace dsw
