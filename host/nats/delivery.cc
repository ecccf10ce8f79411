// SPDX-License-Identifier: Apache-2.0
#include "host/nats/delivery.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include "host/base/secret.h"
#include "host/domain/job_codec.h"
#include "host/nats/errors.h"
#include "host/nats/topology.h"

namespace dsw {
namespace {

constexpr std::int64_t kConfirmTimeoutMs = 5000;
/// What the headers of a dead letter take at most, beyond those it came with.
constexpr std::size_t kHeaderReserve = 16 * 1024;

/// Waiting for the server's answer turns every kind of acknowledgement into a confirmed one.
jsOptions Confirmed() {
  jsOptions options{};
  jsOptions_Init(&options);
  options.Wait = kConfirmTimeoutMs;
  return options;
}

NatsHeaders HeadersOf(natsMsg* message) {
  NatsHeaders headers;
  const char** names = nullptr;
  int name_count = 0;
  if (natsMsgHeader_Keys(message, &names, &name_count) != NATS_OK) return headers;
  for (int i = 0; i < name_count; ++i) {
    const char** values = nullptr;
    int value_count = 0;
    if (natsMsgHeader_Values(message, names[i], &values, &value_count) != NATS_OK) continue;
    for (int j = 0; j < value_count; ++j) headers.emplace_back(names[i], values[j]);
    std::free(values);  // nats.c: the array is the caller's, its strings are the message's
  }
  std::free(names);
  return headers;
}

std::string Find(const NatsHeaders& headers, std::string_view name) {
  const auto found = std::find_if(headers.begin(), headers.end(),
                                  [&](const auto& header) { return header.first == name; });
  return found == headers.end() ? std::string() : found->second;
}

}  // namespace

NatsDelivery::NatsDelivery(NatsMsgHandle message, std::shared_ptr<natsSubscription> subscription,
                           std::shared_ptr<const DeliveryContext> context)
    : context_(std::move(context)),
      subscription_(std::move(subscription)),
      message_(std::move(message)),
      headers_(HeadersOf(message_.get())),
      traceparent_(Find(headers_, "traceparent")) {}

Result<std::unique_ptr<Delivery>> NatsDelivery::Make(
    NatsMsgHandle message, std::shared_ptr<natsSubscription> subscription,
    std::shared_ptr<const DeliveryContext> context) {
  JsMetaDataHandle meta;
  const natsStatus status = natsMsg_GetMetaData(Out(meta), message.get());
  if (status != NATS_OK) return Fail(NatsError(status, "read a message's metadata"));
  std::unique_ptr<NatsDelivery> delivery(
      new NatsDelivery(std::move(message), std::move(subscription), std::move(context)));
  delivery->origin_ = {.stream = meta->Stream,
                       .subject = natsMsg_GetSubject(delivery->message_.get()),
                       .sequence = meta->Sequence.Stream,
                       .timestamp_ns = meta->Timestamp,
                       .attempt = meta->NumDelivered};
  return delivery;
}

std::string_view NatsDelivery::payload() const {
  return {natsMsg_GetData(message_.get()),
          static_cast<std::size_t>(natsMsg_GetDataLength(message_.get()))};
}

Status NatsDelivery::InProgress() {
  // Whoever settles the message may wait for the server: the signs of life of other deliveries must
  // not wait as well.
  const std::unique_lock lock(settling_, std::try_to_lock);
  if (!lock.owns_lock()) return {};
  const natsStatus status = natsMsg_InProgress(message_.get(), nullptr);
  if (status != NATS_OK) return Fail(NatsError(status, "tell the queue that a job is in progress"));
  return {};
}

Status NatsDelivery::Ack() {
  const std::lock_guard lock(settling_);
  jsErrCode code{};
  jsOptions confirmed = Confirmed();
  const natsStatus status = natsMsg_AckSync(message_.get(), &confirmed, &code);
  if (status != NATS_OK) return Fail(NatsError(status, "acknowledge a job", code));
  return {};
}

Status NatsDelivery::RetryIn(std::chrono::milliseconds delay) {
  const std::lock_guard lock(settling_);
  jsOptions confirmed = Confirmed();
  const natsStatus status = natsMsg_NakWithDelay(message_.get(), delay.count(), &confirmed);
  if (status != NATS_OK) return Fail(NatsError(status, "hand a job back to the queue"));
  return {};
}

Status NatsDelivery::DeadLetter(const DeadLetterReason& reason) {
  return PublishDeadLetter(reason);
}

Status NatsDelivery::PublishDeadLetter(const DeadLetterReason& reason) {
  const std::string doing = fmt::format("publish to dead-letter stream {}", context_->dlq_stream);
  NatsHeaders headers = DeadLetterHeaders(origin_, headers_, reason, context_->worker,
                                          std::chrono::system_clock::now());
  std::string body = Redact(WithoutApiKeys(payload()));

  // A message as large as the server takes would not fit any more with these headers, and would
  // come back for ever.
  std::size_t reserve = kHeaderReserve;
  for (const auto& [name, value] : headers_) reserve += name.size() + value.size();
  const std::int64_t limit = natsConnection_GetMaxPayload(context_->connection.handle());
  if (limit > 0 && body.size() + reserve > static_cast<std::size_t>(limit)) {
    headers.emplace_back("Dsw-Payload-Omitted", fmt::format("{} bytes", body.size()));
    body.clear();
  }

  NatsMsgHandle letter;
  natsStatus status = natsMsg_Create(Out(letter), kDeadLetterSubject, nullptr, body.data(),
                                     static_cast<int>(body.size()));
  for (const auto& [name, value] : headers) {
    if (status == NATS_OK) status = natsMsgHeader_Add(letter.get(), name.c_str(), value.c_str());
  }
  if (status != NATS_OK) return Fail(NatsError(status, doing));

  const std::string id = DeadLetterId(origin_);
  jsPubOptions options{};
  jsPubOptions_Init(&options);
  options.MsgId = id.c_str();
  options.ExpectStream = context_->dlq_stream.c_str();
  options.MaxWait = kConfirmTimeoutMs;
  jsErrCode code{};
  status = js_PublishMsg(nullptr, context_->connection.jetstream(), letter.get(), &options, &code);
  if (status != NATS_OK) return Fail(NatsError(status, doing, code));
  return {};
}

}  // namespace dsw
