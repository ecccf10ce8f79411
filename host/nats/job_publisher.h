// SPDX-License-Identifier: Apache-2.0
//
// Puts a job into the queue.
#pragma once

#include <cstdint>
#include <string>

#include "host/nats/connection.h"
#include "host/nats/headers.h"
#include "host/nats/topology.h"

namespace dsw {

/// Where a published job stands.
struct PublishedJob {
  std::string stream;
  std::uint64_t sequence = 0;
  bool duplicate = false;  ///< It stood there before, under the same message id.
};

/// Publishes `json` to the job stream `stream` and waits until it is stored. A second message with
/// the same `message_id` is not stored again, within the stream's duplicate window. `subject` is
/// one that the stream takes.
Result<PublishedJob> PublishJob(const NatsConnection& connection, const std::string& stream,
                                const std::string& json, const std::string& message_id,
                                const std::string& subject = kJobSubject,
                                const NatsHeaders& headers = {});

}  // namespace dsw
