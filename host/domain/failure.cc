// SPDX-License-Identifier: Apache-2.0
#include "host/domain/failure.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

namespace dsw {
namespace {

constexpr Origin kJob[] = {Origin::kJob};
constexpr Origin kEmbedder[] = {Origin::kEmbedder};
constexpr Origin kSink[] = {Origin::kSink};
constexpr Origin kDatabase[] = {Origin::kDatabase};
constexpr Origin kStores[] = {Origin::kSink, Origin::kDatabase};
constexpr Origin kWorker[] = {Origin::kWorker};

using D = OnDelivery;
using C = OnCall;
using P = OnPeer;
using B = OnBatch;

// clang-format off
constexpr FailureClass kClasses[] = {
    // Nobody's.
    {"stopped: shutdown, or the job's time is up", Code::kCancelled, {}, Fault::kNobody, D::kHandBack, C::kEnd, P::kNothing, B::kFail},
    {"another worker is at the target", Code::kHeld, {}, Fault::kNobody, D::kWait, C::kEnd, P::kNothing, B::kFail},
    {"another worker took the target over", Code::kFenced, {}, Fault::kNobody, D::kAbandon, C::kEnd, P::kNothing, B::kFail},
    {"the transform was disabled or deleted", Code::kWithdrawn, {}, Fault::kNobody, D::kWithdraw, C::kEnd, P::kNothing, B::kFail},

    // Calls to an embedder.
    {"a text is refused", Code::kInvalid, kEmbedder, Fault::kChunk, D::kGiveUp, C::kEnd, P::kAnswered, B::kFindChunk},
    {"a text is too long", Code::kInputTooLong, kEmbedder, Fault::kChunk, D::kGiveUp, C::kEnd, P::kAnswered, B::kFindChunk},
    {"a call is too large", Code::kTooLarge, kEmbedder, Fault::kChunk, D::kGiveUp, C::kEnd, P::kAnswered, B::kSmaller},
    {"the model is unknown", Code::kNotFound, kEmbedder, Fault::kJob, D::kGiveUp, C::kEnd, P::kAnswered, B::kFail},
    {"the vectors have another size", Code::kConflict, kEmbedder, Fault::kJob, D::kGiveUp, C::kEnd, P::kAnswered, B::kFail},
    {"the embedder's key is refused", Code::kUnauthenticated, kEmbedder, Fault::kJob, D::kGiveUp, C::kEnd, P::kAnswered, B::kFail},
    {"the embedder's quota is used up", Code::kQuota, kEmbedder, Fault::kUpstream, D::kRetry, C::kEnd, P::kAnswered, B::kFail},
    {"the embedder limits the rate", Code::kRateLimited, kEmbedder, Fault::kUpstream, D::kRetry, C::kPatience, P::kRateLimited, B::kFail},
    {"the embedder is overloaded", Code::kOverloaded, kEmbedder, Fault::kUpstream, D::kRetry, C::kPatience, P::kOverloaded, B::kFindChunkAtLast},
    {"the embedder cannot be reached or fails", Code::kUnavailable, kEmbedder, Fault::kUpstream, D::kRetry, C::kPatience, P::kDown, B::kFindChunk},
    {"the embedder does not answer in time", Code::kTimeout, kEmbedder, Fault::kUpstream, D::kRetry, C::kPatience, P::kSlow, B::kSmaller},
    {"the embedder answers nonsense", Code::kBadResponse, kEmbedder, Fault::kUpstream, D::kRetry, C::kRepeatOnce, P::kNothing, B::kFindChunk},
    {"the embedder's plugin misbehaves", Code::kInternal, kEmbedder, Fault::kWorker, D::kRetryOnce, C::kRepeatOnce, P::kNothing, B::kFindChunk},

    // Calls to the sink, and to the database.
    {"the sink or the database refuses what the job wants stored", Code::kInvalid, kStores, Fault::kJob, D::kGiveUp, C::kEnd, P::kAnswered, B::kFail},
    {"the collection or a row has another shape", Code::kConflict, kStores, Fault::kJob, D::kGiveUp, C::kEnd, P::kAnswered, B::kFail},
    {"a single point or row is too large", Code::kTooLarge, kStores, Fault::kJob, D::kGiveUp, C::kEnd, P::kAnswered, B::kFail},
    {"the collection does not exist, or not any more", Code::kNotFound, kSink, Fault::kJob, D::kRetry, C::kEnd, P::kAnswered, B::kFail},
    {"the sink refuses the worker's key", Code::kUnauthenticated, kSink, Fault::kSink, D::kPause, C::kEnd, P::kDown, B::kFail},
    {"the sink's quota is used up", Code::kQuota, kSink, Fault::kSink, D::kPause, C::kEnd, P::kDown, B::kFail},
    {"the sink limits the rate", Code::kRateLimited, kSink, Fault::kSink, D::kPause, C::kPatience, P::kRateLimited, B::kFail},
    {"the sink is overloaded", Code::kOverloaded, kSink, Fault::kSink, D::kPause, C::kPatience, P::kOverloaded, B::kFail},
    {"the sink cannot be reached or fails", Code::kUnavailable, kSink, Fault::kSink, D::kPause, C::kPatience, P::kDown, B::kFail},
    {"the sink does not answer in time", Code::kTimeout, kSink, Fault::kSink, D::kPause, C::kPatience, P::kDown, B::kFail},
    {"the sink answers nonsense", Code::kBadResponse, kSink, Fault::kSink, D::kPause, C::kRepeatOnce, P::kNothing, B::kFail},
    {"the sink's plugin misbehaves", Code::kInternal, kSink, Fault::kWorker, D::kPause, C::kRepeatOnce, P::kNothing, B::kFail},
    {"the database cannot be reached or fails", Code::kUnavailable, kDatabase, Fault::kDatabase, D::kPause, C::kEnd, P::kDown, B::kFail},
    {"the database does not answer in time", Code::kTimeout, kDatabase, Fault::kDatabase, D::kPause, C::kEnd, P::kDown, B::kFail},
    {"the database refuses the worker", Code::kUnauthenticated, kDatabase, Fault::kDatabase, D::kPause, C::kEnd, P::kDown, B::kFail},
    {"a statement fails", Code::kInternal, kDatabase, Fault::kWorker, D::kRetry, C::kEnd, P::kNothing, B::kFail},

    // This worker.
    {"this worker lacks the provider, or the model's files", Code::kNotFound, kWorker, Fault::kWorker, D::kLeave, C::kEnd, P::kNothing, B::kFail},
    {"the operator's rules deny the address that the job uses", Code::kDenied, {}, Fault::kJob, D::kGiveUp, C::kEnd, P::kNothing, B::kFail},
    {"a bug, an exception, or the worker died", Code::kInternal, {}, Fault::kWorker, D::kRetry, C::kEnd, P::kNothing, B::kFail},
    {"a file or setting of this worker is wrong", Code::kInvalid, kWorker, Fault::kWorker, D::kPause, C::kEnd, P::kNothing, B::kFail},

    // The job itself.
    {"the job is not one, or cannot work", Code::kInvalid, kJob, Fault::kJob, D::kGiveUp, C::kEnd, P::kNothing, B::kFail},
    {"the job names what does not exist", Code::kNotFound, {}, Fault::kJob, D::kGiveUp, C::kEnd, P::kNothing, B::kFail},
    {"the job contradicts what is there", Code::kConflict, {}, Fault::kJob, D::kGiveUp, C::kEnd, P::kNothing, B::kFail},
    {"the job's key cannot be used", Code::kUnauthenticated, kJob, Fault::kJob, D::kGiveUp, C::kEnd, P::kNothing, B::kFail},

    // Of whatever else: the queue, and what has no class of its own.
    {"something that the worker needs is not there for now", Code::kUnavailable, {}, Fault::kWorker, D::kPause, C::kEnd, P::kDown, B::kFail},
    {"something that the worker needs does not answer in time", Code::kTimeout, {}, Fault::kWorker, D::kPause, C::kEnd, P::kDown, B::kFail},

    // Whatever has no class: a bug.
    {"anything else", Code::kInternal, {}, Fault::kWorker, D::kRetry, C::kEnd, P::kNothing, B::kFail},
};
// clang-format on

std::string_view Words(OnDelivery delivery) {
  switch (delivery) {
    case OnDelivery::kHandBack:
      return "handed back at once, not counted";
    case OnDelivery::kWait:
      return "handed back for a while, not counted";
    case OnDelivery::kAbandon:
      return "nothing: it is the other's";
    case OnDelivery::kWithdraw:
      return "acknowledged, with the reason in the last event";
    case OnDelivery::kPause:
      return "handed back, not counted; the worker takes no job until it is mended";
    case OnDelivery::kLeave:
      return "left to other workers, not counted; dead letter after `PROVIDER_PATIENCE_SECS`";
    case OnDelivery::kRetry:
      return "retried by `RETRY_SCHEDULE`, dead letter after `MAX_RETRIES`";
    case OnDelivery::kRetryOnce:
      return "retried once, then dead letter";
    case OnDelivery::kGiveUp:
      return "dead letter";
  }
  return "";
}

std::string_view Words(OnCall call) {
  switch (call) {
    case OnCall::kEnd:
      return "not repeated";
    case OnCall::kRepeat:
      return "repeated";
    case OnCall::kRepeatOnce:
      return "repeated once";
    case OnCall::kPatience:
      return "repeated while patience lasts";
  }
  return "";
}

std::string_view Words(OnPeer peer) {
  switch (peer) {
    case OnPeer::kNothing:
      return "";
    case OnPeer::kAnswered:
      return "is up";
    case OnPeer::kRateLimited:
      return "cools down";
    case OnPeer::kOverloaded:
      return "gets fewer calls at a time";
    case OnPeer::kSlow:
      return "gets smaller calls";
    case OnPeer::kDown:
      return "is down after several in a row";
  }
  return "";
}

std::string_view Words(OnBatch batch) {
  switch (batch) {
    case OnBatch::kFail:
      return "";
    case OnBatch::kSmaller:
      return "sent in smaller calls";
    case OnBatch::kFindChunk:
      return "the one text that causes it is found and recorded as failed";
    case OnBatch::kFindChunkAtLast:
      return "at the job's last attempt, the one text that causes it is found and recorded as "
             "failed";
  }
  return "";
}

}  // namespace

std::string_view FaultName(Fault fault) {
  switch (fault) {
    case Fault::kNobody:
      return "nobody";
    case Fault::kChunk:
      return "chunk";
    case Fault::kJob:
      return "job";
    case Fault::kUpstream:
      return "upstream";
    case Fault::kSink:
      return "sink";
    case Fault::kDatabase:
      return "database";
    case Fault::kWorker:
      return "worker";
  }
  return "worker";
}

std::span<const FailureClass> FailureClasses() {
  return kClasses;
}

const FailureClass& ClassOf(const Error& error) {
  const auto found =
      std::find_if(std::begin(kClasses), std::end(kClasses), [&](const FailureClass& row) {
        return row.code == error.code &&
               (row.origins.empty() || std::find(row.origins.begin(), row.origins.end(),
                                                 error.origin) != row.origins.end());
      });
  return found == std::end(kClasses) ? *std::prev(std::end(kClasses)) : *found;
}

std::string FailureTable() {
  std::string table =
      "| failure | whose fault | the delivery is | the call is | the other side | its texts |\n"
      "|---|---|---|---|---|---|\n";
  for (const FailureClass& row : kClasses) {
    table += fmt::format("| {} (`{}`) | {} | {} | {} | {} | {} |\n", row.name, CodeName(row.code),
                         FaultName(row.fault), Words(row.delivery), Words(row.call),
                         Words(row.peer), Words(row.batch));
  }
  return table;
}

}  // namespace dsw
