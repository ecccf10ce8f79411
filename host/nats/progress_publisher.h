// SPDX-License-Identifier: Apache-2.0
//
// Status events on their way to the status stream.
#pragma once

#include "host/nats/connection.h"
#include "host/ports/progress_bus.h"

namespace dsw {

/// Thread-safe.
class ProgressPublisher final : public ProgressBus {
 public:
  /// `connection` outlives the publisher.
  static Result<std::unique_ptr<ProgressPublisher>> Open(const NatsConnection& connection);
  /// Waits for the confirmations under way, two seconds at most.
  ~ProgressPublisher() override;

  void Publish(const Progress& progress) noexcept override;
  Status PublishFinal(const Progress& progress) override;

 private:
  explicit ProgressPublisher(JsContextHandle jetstream) : jetstream_(std::move(jetstream)) {}

  const JsContextHandle jetstream_;
};

}  // namespace dsw
