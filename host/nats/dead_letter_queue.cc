// SPDX-License-Identifier: Apache-2.0
#include "host/nats/dead_letter_queue.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "host/nats/errors.h"
#include "host/nats/fetched.h"
#include "host/nats/info.h"
#include "host/nats/message.h"
#include "host/nats/short_consumer.h"
#include "host/nats/topology.h"

namespace dsw {
namespace {

constexpr std::int64_t kFetchTimeoutMs = 5000;

std::chrono::system_clock::time_point TimeOf(std::int64_t ns) {
  return std::chrono::system_clock::time_point(
      std::chrono::duration_cast<std::chrono::system_clock::duration>(
          std::chrono::nanoseconds(ns)));
}

StoredDeadLetter Letter(natsMsg* message, std::uint64_t sequence, std::int64_t time_ns) {
  return {.sequence = sequence,
          .stored_at = TimeOf(time_ns),
          .headers = HeadersOf(message),
          .payload = std::string(PayloadOf(message))};
}

}  // namespace

DeadLetterQueue::DeadLetterQueue(const NatsConnection& connection, std::string stream,
                                 std::string job_stream)
    : connection_(connection), stream_(std::move(stream)), job_stream_(std::move(job_stream)) {}

Status DeadLetterQueue::ForEach(const std::function<Status(const StoredDeadLetter&)>& visit) {
  const std::string doing = fmt::format("read dead letters of stream {}", stream_);
  ASSIGN_OR_RETURN(const JsStreamInfoHandle info, StreamInfo(connection_, stream_, doing));
  // Those that come later are not followed: a replayed job may come back at once.
  const std::uint64_t last = info->State.LastSeq;
  if (info->State.Msgs == 0) return {};

  NatsSubscriptionHandle subscription;
  jsErrCode code{};
  natsStatus status = SubscribeShortly(connection_, stream_, ">", 0, subscription, &code);
  if (status != NATS_OK) return Fail(NatsError(status, doing, code));
  while (true) {
    Fetched fetched;
    status = natsSubscription_Fetch(fetched.list(), subscription.get(), 1, kFetchTimeoutMs, &code);
    if (status != NATS_OK) return Fail(NatsError(status, doing, code));
    const NatsMsgHandle message = fetched.TakeFirst();
    JsMetaDataHandle meta;
    status = natsMsg_GetMetaData(Out(meta), message.get());
    if (status == NATS_OK) status = natsMsg_Ack(message.get(), nullptr);
    if (status != NATS_OK) return Fail(NatsError(status, doing));
    if (meta->Sequence.Stream > last) return {};
    RETURN_IF_ERROR(visit(Letter(message.get(), meta->Sequence.Stream, meta->Timestamp)));
    if (meta->Sequence.Stream == last || meta->NumPending == 0) return {};
  }
}

Result<StoredDeadLetter> DeadLetterQueue::Get(std::uint64_t sequence) {
  NatsMsgHandle message;
  jsErrCode code{};
  const natsStatus status =
      js_GetMsg(Out(message), connection_.jetstream(), stream_.c_str(), sequence, nullptr, &code);
  if (code == JSNoMessageFoundErr) {
    return Fail(Code::kNotFound,
                fmt::format("stream {} has no dead letter {}: `worker-datasets dlq list` shows "
                            "those it has",
                            stream_, sequence));
  }
  if (status != NATS_OK) {
    return Fail(NatsError(
        status, fmt::format("read dead letter {} of stream {}", sequence, stream_), code));
  }
  return Letter(message.get(), sequence, natsMsg_GetTime(message.get()));
}

Status DeadLetterQueue::CheckSubject(const std::string& subject) {
  ASSIGN_OR_RETURN(
      const JsStreamInfoHandle info,
      StreamInfo(connection_, job_stream_, fmt::format("look at stream {}", job_stream_)));
  const jsStreamConfig& config = *info->Config;
  const bool taken =
      std::any_of(config.Subjects, config.Subjects + config.SubjectsLen,
                  [&](const char* pattern) { return SubjectMatches(pattern, subject); });
  if (taken) return {};
  return Fail(Code::kInvalid, fmt::format("it came by subject {}, which stream {} does not take",
                                          subject, job_stream_));
}

Result<PublishedJob> DeadLetterQueue::Replay(const StoredDeadLetter& letter) {
  if (!letter.replayable()) {
    return Fail(Code::kInvalid, "its payload was too large to be kept: submit the job again");
  }
  std::string subject = HeaderOf(letter.headers, kOriginalSubjectHeader);
  if (subject.empty()) subject = kJobSubject;
  // Whoever may write to the dead-letter stream is not to choose where this process publishes.
  RETURN_IF_ERROR(CheckSubject(subject));

  NatsHeaders headers;
  std::copy_if(letter.headers.begin(), letter.headers.end(), std::back_inserter(headers),
               [](const auto& header) { return IsForeignHeader(header.first); });
  const std::string id = fmt::format("replay-{}-{}-{}", stream_, letter.sequence,
                                     letter.stored_at.time_since_epoch().count());
  ASSIGN_OR_RETURN(PublishedJob published,
                   PublishJob(connection_, job_stream_, letter.payload, id, subject, headers));
  RETURN_IF_ERROR(Remove(letter.sequence));
  return published;
}

Status DeadLetterQueue::Remove(std::uint64_t sequence) {
  jsErrCode code{};
  const natsStatus status =
      js_DeleteMsg(connection_.jetstream(), stream_.c_str(), sequence, nullptr, &code);
  if (status == NATS_OK) return {};
  // The server has one code for all that can go wrong here, and somebody else may have been faster.
  if (const auto there = Get(sequence); !there && there.error().code == Code::kNotFound) return {};
  return Fail(NatsError(
      status, fmt::format("remove dead letter {} of stream {}", sequence, stream_), code));
}

Result<std::uint64_t> DeadLetterQueue::RemoveAll() {
  const std::string doing = fmt::format("purge stream {}", stream_);
  ASSIGN_OR_RETURN(const JsStreamInfoHandle info, StreamInfo(connection_, stream_, doing));
  jsErrCode code{};
  const natsStatus status =
      js_PurgeStream(connection_.jetstream(), stream_.c_str(), nullptr, &code);
  if (status != NATS_OK) return Fail(NatsError(status, doing, code));
  return info->State.Msgs;
}

}  // namespace dsw
