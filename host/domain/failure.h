// SPDX-License-Identifier: Apache-2.0
//
// What a failure means: one table, a row per class of failure, for everybody who has to act on one.
// Whose fault it is decides what it may cost: a chunk's fault costs the chunk, a job's fault the
// job, and everybody else's costs time alone.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "host/base/result.h"

namespace dsw {

enum class Fault { kNobody, kChunk, kJob, kUpstream, kSink, kDatabase, kWorker };

/// The name in dead-letter headers and logs, as "upstream".
std::string_view FaultName(Fault fault);

/// What becomes of the delivery.
enum class OnDelivery {
  kHandBack,   ///< Handed out again at once; not counted.
  kWait,       ///< Handed out again when retry_after is over; not counted.
  kAbandon,    ///< Nothing is said about it: it is somebody else's by now.
  kWithdraw,   ///< Acknowledged; observers learn why.
  kPause,      ///< Handed out again, not counted; this worker takes no job until it is mended.
  kLeave,      ///< Handed out again for other workers; dead letter once nobody could for long.
  kRetry,      ///< Handed out again by the schedule; counted, and then a dead letter.
  kRetryOnce,  ///< As kRetry, once.
  kGiveUp,     ///< Dead letter at once.
};

/// What becomes of the call, within its delivery.
enum class OnCall {
  kEnd,         ///< It is not repeated.
  kRepeat,      ///< Repeated as often as configured.
  kRepeatOnce,  ///< Repeated once.
  kPatience,    ///< Repeated for as long as the patience with an upstream lasts.
};

/// What it says about the peer of the call, for pacing and circuit.
enum class OnPeer {
  kNothing,
  kAnswered,     ///< It is up.
  kRateLimited,  ///< It is up and wants a pause.
  kOverloaded,   ///< It wants fewer calls at a time; several in a row: it is down.
  kSlow,         ///< The call was too much for the time it had.
  kDown,         ///< Several in a row: it is down.
};

/// What becomes of the texts that were in the call.
enum class OnBatch {
  kFail,             ///< They wait for the next delivery.
  kSmaller,          ///< They are sent in smaller calls.
  kFindChunk,        ///< One of them may be the cause: it is looked for, and costs itself alone.
  kFindChunkAtLast,  ///< The same, but only at the job's last attempt.
};

/// A row of the table.
struct FailureClass {
  std::string_view name;  ///< For people.
  Code code;
  std::span<const Origin> origins;  ///< Empty: whatever the origin.
  Fault fault;
  OnDelivery delivery;
  OnCall call;
  OnPeer peer;
  OnBatch batch;
};

/// All rows; the first that fits an error is its class.
std::span<const FailureClass> FailureClasses();

/// The class of an error.
const FailureClass& ClassOf(const Error& error);

/// The table as Markdown, for the documentation.
std::string FailureTable();

}  // namespace dsw
