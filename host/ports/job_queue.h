// SPDX-License-Identifier: Apache-2.0
//
// Where jobs come from and how they are settled.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "host/base/result.h"

namespace dsw {

/// Why a message goes to the dead-letter queue. Text is redacted by the queue.
struct DeadLetterReason {
  std::string error_type;  ///< CodeName() of the failure.
  std::string error;
  std::string job_id;   ///< Empty when the message could not be read.
  std::string fault{};  ///< Whose fault it is, as "job"; empty when not known.
};

/// One hand-out of a message. Either Ack or RetryIn is called; a delivery that is destroyed without
/// comes back after the queue's ack wait. InProgress is thread-safe, the rest
/// belongs to one thread at a time.
class Delivery {
 public:
  virtual ~Delivery() = default;
  virtual std::string_view payload() const = 0;
  /// How often the queue handed this message out, from 1.
  virtual std::uint64_t attempt() const = 0;
  /// W3C trace context that came with the message, or empty.
  virtual std::string_view traceparent() const = 0;

  /// Tells the queue that the job is still being worked on.
  virtual Status InProgress() = 0;
  /// Done: the message is gone once this returns success.
  virtual Status Ack() = 0;
  /// To be handed out again after `delay`.
  virtual Status RetryIn(std::chrono::milliseconds delay) = 0;
  /// Puts the message into the dead-letter queue: it is stored there once this returns success, and
  /// once however often it is called. It stays in this queue until Ack().
  virtual Status DeadLetter(const DeadLetterReason& reason) = 0;
};

/// Thread-safe.
class JobQueue {
 public:
  virtual ~JobQueue() = default;
  /// The next message, or null when none came for about a second or `stop` was requested.
  /// kUnavailable while the queue cannot be reached.
  virtual Result<std::unique_ptr<Delivery>> Fetch(std::stop_token stop) = 0;
  /// How long a delivery may go without a sign of life before it is handed to another worker.
  virtual std::chrono::milliseconds ack_wait() const = 0;
  /// Puts a message into the queue: it is stored once this returns success. A second one with the
  /// same `message_id` is not stored again, within the queue's duplicate window.
  virtual Status Publish(const std::string& json, const std::string& message_id) = 0;
  /// True when no message is waiting, in flight anywhere, or delayed.
  virtual Result<bool> Idle() = 0;
  /// Success while the queue can be reached and is there. It is to be asked from time to time, also
  /// while nothing can be fetched: it mends what it can. kNotFound when the queue is gone and
  /// kConflict when another stands in its place, which somebody has to mend.
  virtual Status Health() = 0;
};

}  // namespace dsw
