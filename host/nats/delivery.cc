// SPDX-License-Identifier: Apache-2.0
#include "host/nats/delivery.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "host/base/secret.h"
#include "host/domain/job_codec.h"
#include "host/nats/errors.h"
#include "host/nats/message.h"
#include "host/nats/topology.h"

namespace dsw {
namespace {

constexpr std::int64_t kConfirmTimeoutMs = 5000;
/// More than that a stream takes for no message, however large its payload may be.
constexpr std::size_t kMaxHeaderBytes = 60 * 1024;

}  // namespace

NatsDelivery::NatsDelivery(NatsMsgHandle message, std::shared_ptr<const DeliveryContext> context)
    : context_(std::move(context)),
      message_(std::move(message)),
      headers_(HeadersOf(message_.get())),
      traceparent_(HeaderOf(headers_, "traceparent")) {}

Result<std::unique_ptr<Delivery>> NatsDelivery::Make(
    NatsMsgHandle message, std::shared_ptr<const DeliveryContext> context) {
  JsMetaDataHandle meta;
  const natsStatus status = natsMsg_GetMetaData(Out(meta), message.get());
  if (status != NATS_OK) return Fail(NatsError(status, "read a message's metadata"));
  std::unique_ptr<NatsDelivery> delivery(new NatsDelivery(std::move(message), std::move(context)));
  delivery->origin_ = {.stream = meta->Stream,
                       .subject = natsMsg_GetSubject(delivery->message_.get()),
                       .sequence = meta->Sequence.Stream,
                       .timestamp_ns = meta->Timestamp,
                       .attempt = meta->NumDelivered};
  return delivery;
}

std::string_view NatsDelivery::payload() const {
  return PayloadOf(message_.get());
}

Status NatsDelivery::InProgress() {
  // Whoever settles the message may wait for the server: the signs of life of other deliveries must
  // not wait as well.
  const std::unique_lock lock(settling_, std::try_to_lock);
  if (!lock.owns_lock()) return {};
  natsConnection* const connection = context_->connection.handle();
  const natsStatus status =
      natsConnection_PublishString(connection, natsMsg_GetReply(message_.get()), "+WPI");
  if (status != NATS_OK) return Fail(NatsError(status, "tell the queue that a job is in progress"));
  return {};
}

// Not by the library's own functions for it: those use the connection that the message came by,
// which may have been replaced since. Asked for an answer, the server confirms every verdict.
Status NatsDelivery::Settle(const std::string& verdict, std::string_view doing) {
  const std::lock_guard lock(settling_);
  NatsMsgHandle answer;
  const natsStatus status = natsConnection_RequestString(Out(answer), context_->connection.handle(),
                                                         natsMsg_GetReply(message_.get()),
                                                         verdict.c_str(), kConfirmTimeoutMs);
  if (status == NATS_OK) return {};
  if (status == NATS_NO_RESPONDERS) {
    return Fail(Code::kUnavailable, fmt::format("{}: its consumer of stream {} does not answer",
                                                doing, origin_.stream));
  }
  return Fail(NatsError(status, doing));
}

Status NatsDelivery::Ack() {
  return Settle("+ACK", "acknowledge a job");
}

Status NatsDelivery::RetryIn(std::chrono::milliseconds delay) {
  const auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(delay).count();
  return Settle(ns > 0 ? fmt::format(R"(-NAK {{"delay":{}}})", ns) : "-NAK",
                "hand a job back to the queue");
}

Result<NatsMsgHandle> NatsDelivery::MakeDeadLetter(const DeadLetterReason& reason) const {
  NatsHeaders headers = DeadLetterHeaders(origin_, headers_, reason, context_->worker,
                                          std::chrono::system_clock::now());
  std::string body = Redact(WithoutApiKeys(payload()));
  const NatsHeaders id = {{kMessageIdHeader, DeadLetterId(origin_)}};

  // A message as large as the server takes must not come back for ever because its story is added.
  const std::int64_t limit = natsConnection_GetMaxPayload(context_->connection.handle());
  const std::size_t room =
      limit > 0 ? static_cast<std::size_t>(limit) : std::numeric_limits<std::size_t>::max();
  const std::size_t taken = HeaderBytes(id);
  if (body.size() + taken > room) {
    headers.emplace_back(kOmittedHeader, fmt::format("{} bytes", body.size()));
    body.clear();
  }
  headers = FitHeaders(headers, std::min(room - body.size() - taken, kMaxHeaderBytes));
  headers.insert(headers.end(), id.begin(), id.end());
  return MakeMessage(kDeadLetterSubject, body, headers);
}

Status NatsDelivery::DeadLetter(const DeadLetterReason& reason) {
  ASSIGN_OR_RETURN(const NatsMsgHandle letter, MakeDeadLetter(reason));
  jsPubOptions options{};
  jsPubOptions_Init(&options);
  options.MaxWait = kConfirmTimeoutMs;
  JsPubAckHandle ack;
  jsErrCode code{};
  const natsStatus status =
      js_PublishMsg(Out(ack), context_->connection.jetstream(), letter.get(), &options, &code);
  const std::string& stream = context_->dlq_stream;
  // Whoever publishes the letter again trips over a header that names the stream it is for.
  if (status == NATS_OK && ack->Stream == stream) return {};
  if (status == NATS_OK) {
    return Fail(Code::kConflict,
                fmt::format("dead letters (subject {}) are taken by stream {}, not by {}: set "
                            "NATS_DLQ_STREAM to the one that is meant",
                            kDeadLetterSubject, ack->Stream, stream));
  }
  Error error = NatsError(status, fmt::format("publish to dead-letter stream {}", stream), code);
  if (code != jsErrCode{}) {
    error.message +=
        "; the job stays in its queue until that stream takes it: make room with `worker-datasets "
        "dlq purge`, or raise the stream's limits";
  }
  return Fail(std::move(error));
}

}  // namespace dsw
