// SPDX-License-Identifier: Apache-2.0
//
// Status events on their way to the status stream.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "host/nats/connection.h"
#include "host/ports/progress_bus.h"

namespace dsw {

/// An event on its way is sent off without waiting for its confirmation. Thread-safe.
class ProgressPublisher final : public ProgressBus {
 public:
  /// `connection` outlives the publisher.
  static Result<std::unique_ptr<ProgressPublisher>> Open(const NatsConnection& connection);
  /// Waits for the confirmations under way, two seconds at most.
  ~ProgressPublisher() override;

  void Publish(const Progress& progress) noexcept override;
  Status PublishFinal(const Progress& progress) override;

 private:
  explicit ProgressPublisher(const NatsConnection& connection) : connection_(connection) {}
  Result<jsCtx*> Jetstream();

  const NatsConnection& connection_;
  std::mutex mutex_;
  // Guarded by mutex_. One context for each connection that was in use; the last is.
  std::vector<JsContextHandle> jetstreams_;
  natsConnection* made_on_ = nullptr;
};

}  // namespace dsw
