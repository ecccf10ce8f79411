// SPDX-License-Identifier: Apache-2.0
#include "host/nats/pull_queue.h"

#include <thread>

#include <fmt/format.h>

#include "host/base/clock.h"
#include "host/base/log.h"
#include "host/nats/errors.h"
#include "host/nats/job_publisher.h"

namespace dsw {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kSlice{1000};

/// The messages of a fetch, each freed unless taken.
class Fetched {
 public:
  Fetched() = default;
  Fetched(const Fetched&) = delete;
  Fetched& operator=(const Fetched&) = delete;
  ~Fetched() { natsMsgList_Destroy(&list_); }

  natsMsgList* list() { return &list_; }
  NatsMsgHandle TakeFirst() {
    if (list_.Count == 0) return nullptr;
    return NatsMsgHandle(std::exchange(list_.Msgs[0], nullptr));
  }

 private:
  natsMsgList list_{};
};

}  // namespace

PullQueue::PullQueue(const NatsConnection& connection, const PullQueueOptions& options)
    : connection_(connection),
      stream_(options.stream),
      consumer_(options.consumer),
      context_(std::make_shared<const DeliveryContext>(
          DeliveryContext{connection, options.dlq_stream, options.worker})) {}

Result<std::unique_ptr<PullQueue>> PullQueue::Open(const NatsConnection& connection,
                                                   const PullQueueOptions& options) {
  std::unique_ptr<PullQueue> queue(new PullQueue(connection, options));
  const std::string doing =
      fmt::format("open consumer {} of stream {}", options.consumer, options.stream);
  jsCtx* const js = connection.jetstream();

  JsConsumerInfoHandle info;
  jsErrCode code{};
  natsStatus status = js_GetConsumerInfo(Out(info), js, options.stream.c_str(),
                                         options.consumer.c_str(), nullptr, &code);
  if (status != NATS_OK) return Fail(NatsError(status, doing, code));
  // The consumer may have been made by others: what counts is what the server does.
  queue->ack_wait_ =
      std::chrono::duration_cast<milliseconds>(std::chrono::nanoseconds(info->Config->AckWait));

  jsSubOptions bind{};
  jsSubOptions_Init(&bind);
  bind.Stream = options.stream.c_str();
  bind.Consumer = options.consumer.c_str();
  NatsSubscriptionHandle subscription;
  status =
      js_PullSubscribe(Out(subscription), js, "", options.consumer.c_str(), nullptr, &bind, &code);
  if (status != NATS_OK) return Fail(NatsError(status, doing, code));
  queue->subscription_ = std::move(subscription);
  return queue;
}

PullQueue::~PullQueue() {
  int waiting = 0;
  while (subscription_ && connection_.connected() &&
         natsSubscription_GetPending(subscription_.get(), &waiting, nullptr) == NATS_OK &&
         waiting > 0) {
    Fetched fetched;
    const natsStatus status =
        natsSubscription_Fetch(fetched.list(), subscription_.get(), 1, 1, nullptr);
    const NatsMsgHandle message = fetched.TakeFirst();
    if (message) natsMsg_Nak(message.get(), nullptr);
    if (status != NATS_OK && status != NATS_TIMEOUT) break;
  }
}

Result<std::unique_ptr<Delivery>> PullQueue::Fetch(std::stop_token stop) {
  {
    std::unique_lock lock(mutex_);
    const bool mine = turn_.wait_for(lock, stop, kSlice, [&] { return !fetching_; });
    if (!mine || stop.stop_requested()) return std::unique_ptr<Delivery>();
    fetching_ = true;
  }
  Result<std::unique_ptr<Delivery>> delivery = FetchOne(stop);
  {
    const std::lock_guard lock(mutex_);
    fetching_ = false;
  }
  turn_.notify_one();
  return delivery;
}

Result<std::unique_ptr<Delivery>> PullQueue::FetchOne(const std::stop_token& stop) {
  // A request made while disconnected would be sent on reconnection, when nobody waits for its
  // message any more.
  if (const Status health = connection_.Health(); !health) {
    SystemClock().WaitFor(kSlice, stop);
    return Fail(health.error());
  }
  Fetched fetched;
  jsErrCode code{};
  const natsStatus status =
      natsSubscription_Fetch(fetched.list(), subscription_.get(), 1, kSlice.count(), &code);
  if (status == NATS_TIMEOUT || status == NATS_NOT_FOUND) return std::unique_ptr<Delivery>();
  if (status != NATS_OK) {
    Error error =
        NatsError(status, fmt::format("fetch from consumer {} of stream {}", consumer_, stream_));
    error.code = Code::kUnavailable;
    SystemClock().WaitFor(kSlice, stop);
    return Fail(std::move(error));
  }
  Result<std::unique_ptr<Delivery>> delivery =
      NatsDelivery::Make(fetched.TakeFirst(), subscription_, context_);
  if (delivery && stop.stop_requested()) {
    // No thread is left to work on it.
    RETURN_IF_ERROR((*delivery)->RetryIn(milliseconds(0)));
    return std::unique_ptr<Delivery>();
  }
  return delivery;
}

Status PullQueue::Publish(const std::string& json, const std::string& message_id) {
  RETURN_IF_ERROR(PublishJob(connection_, stream_, json, message_id));
  return {};
}

Result<bool> PullQueue::Idle() {
  // A work queue holds a message until it is acknowledged, whether waiting, in flight or delayed.
  JsStreamInfoHandle info;
  jsErrCode code{};
  const natsStatus status =
      js_GetStreamInfo(Out(info), connection_.jetstream(), stream_.c_str(), nullptr, &code);
  if (status != NATS_OK) {
    return Fail(NatsError(status, fmt::format("look at stream {}", stream_), code));
  }
  return info->State.Msgs == 0;
}

Status PullQueue::Health() {
  RETURN_IF_ERROR(connection_.Health());
  // Asked for, because a fetch from a consumer that was deleted looks like one without messages.
  JsConsumerInfoHandle info;
  jsErrCode code{};
  const natsStatus status = js_GetConsumerInfo(Out(info), connection_.jetstream(), stream_.c_str(),
                                               consumer_.c_str(), nullptr, &code);
  if (status == NATS_OK) return {};
  return Fail(
      NatsError(status, fmt::format("look at consumer {} of stream {}", consumer_, stream_), code));
}

}  // namespace dsw
