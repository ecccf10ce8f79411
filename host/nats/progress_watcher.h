// SPDX-License-Identifier: Apache-2.0
//
// Follows the status events of one job.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "host/domain/progress.h"
#include "host/nats/connection.h"

namespace dsw {

/// Sees every event that is stored after Open, in order, whatever happens to the connection in
/// between. Belongs to one thread at a time.
class ProgressWatcher {
 public:
  /// To be opened before the job is published. `connection` outlives the watcher.
  static Result<std::unique_ptr<ProgressWatcher>> Open(const NatsConnection& connection,
                                                       const std::string& status_stream,
                                                       std::int64_t dataset_transform_id,
                                                       const std::string& job_id);

  /// The next event of the job; null when none came for about a second, `stop` was requested, or
  /// the server cannot be reached just now.
  Result<std::optional<Progress>> Next(std::stop_token stop);

 private:
  ProgressWatcher(const NatsConnection& connection, std::string stream, std::string subject,
                  std::string job_id);
  natsStatus Subscribe();

  const NatsConnection& connection_;
  const std::string stream_;
  const std::string subject_;
  const std::string job_id_;
  std::uint64_t next_sequence_ = 0;
  NatsSubscriptionHandle subscription_;  ///< Null until needed, and after a failure.
};

}  // namespace dsw
