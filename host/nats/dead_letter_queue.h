// SPDX-License-Identifier: Apache-2.0
//
// The dead-letter stream as people use it: look, publish again, throw away.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "host/base/result.h"
#include "host/nats/connection.h"
#include "host/nats/dead_letter.h"
#include "host/nats/headers.h"
#include "host/nats/job_publisher.h"

namespace dsw {

/// A message of the dead-letter stream. Text is as it was stored: it may hold anything.
struct StoredDeadLetter {
  std::uint64_t sequence = 0;  ///< In the dead-letter stream.
  std::chrono::system_clock::time_point stored_at;
  NatsHeaders headers;
  std::string payload;

  /// False when its payload had to be left out.
  bool replayable() const { return HeaderOf(headers, kOmittedHeader).empty(); }
};

/// Every call ends within seconds. Belongs to one thread at a time.
class DeadLetterQueue {
 public:
  /// `connection` outlives the queue. Replayed jobs go to `job_stream`.
  DeadLetterQueue(const NatsConnection& connection, std::string stream, std::string job_stream);

  /// Calls `visit` with every dead letter that is there now, oldest first, until it fails.
  Status ForEach(const std::function<Status(const StoredDeadLetter&)>& visit);
  /// kNotFound when there is none of that sequence.
  Result<StoredDeadLetter> Get(std::uint64_t sequence);

  /// Publishes the job to the subject it came from, under another message id, and removes the dead
  /// letter once the job is stored. Done twice it is stored once, within the duplicate window.
  /// kInvalid when it has no payload, or came from a subject that is none of the job stream's.
  Result<PublishedJob> Replay(const StoredDeadLetter& letter);
  Status Remove(std::uint64_t sequence);
  /// Removes all; how many there were.
  Result<std::uint64_t> RemoveAll();

 private:
  Status CheckSubject(const std::string& subject);

  const NatsConnection& connection_;
  const std::string stream_;
  const std::string job_stream_;
};

}  // namespace dsw
