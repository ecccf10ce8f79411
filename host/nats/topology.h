// SPDX-License-Identifier: Apache-2.0
//
// The streams and consumers that the worker lives on: made when missing, checked when present.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/result.h"
#include "host/nats/connection.h"

namespace dsw {

/// Where jobs are published. The job stream also takes its own name as a subject, so that
/// `nats pub DATASET_TRANSFORMS …` works.
inline constexpr const char* kJobSubject = "workers.dataset-transform";
/// Where failed jobs are published; the dead-letter stream takes its own name, too.
inline constexpr const char* kDeadLetterSubject = "dlq.dataset-transforms";
/// Where status events are published, with owner, dataset and transform behind it.
inline constexpr const char* kStatusSubjects = "transforms.dataset.status.>";

struct NatsTopology {
  std::string stream;
  std::string consumer;
  std::string dlq_stream;
  std::string dlq_consumer;
  std::string status_stream;
  bool create = true;  ///< Else what is missing is an error.
  std::int64_t replicas = 1;
  std::chrono::milliseconds ack_wait{60000};  ///< Of a consumer that is created.
};

/// Makes what is missing, and never changes what is there. kConflict when something that is there
/// cannot be worked with: says what differs, and what to do; kNotFound when something is missing
/// and may not be created.
Status EnsureTopology(const NatsConnection& connection, const NatsTopology& topology);

/// The same while the worker runs: what is gone is made again if that is allowed. Returns what was
/// made, as "stream JOBS"; nothing when all is there.
Result<std::vector<std::string>> RestoreTopology(const NatsConnection& connection,
                                                 const NatsTopology& topology);

/// `subject` is one that `pattern`, a subject which may hold wildcards, takes. Pure.
bool SubjectMatches(std::string_view pattern, std::string_view subject);

}  // namespace dsw
