// SPDX-License-Identifier: Apache-2.0
#include "host/nats/pull_queue.h"

#include <thread>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "host/base/log.h"
#include "host/nats/errors.h"
#include "host/nats/fetched.h"
#include "host/nats/info.h"
#include "host/nats/job_publisher.h"

namespace dsw {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kSlice{1000};

}  // namespace

PullQueue::PullQueue(const NatsConnection& connection, const PullQueueOptions& options)
    : connection_(connection),
      topology_(options.topology),
      check_interval_(options.check_interval),
      context_(std::make_shared<const DeliveryContext>(
          DeliveryContext{connection, options.topology.dlq_stream, options.worker})) {}

Result<std::unique_ptr<PullQueue>> PullQueue::Open(const NatsConnection& connection,
                                                   const PullQueueOptions& options) {
  std::unique_ptr<PullQueue> queue(new PullQueue(connection, options));
  const NatsTopology& topology = options.topology;
  ASSIGN_OR_RETURN(const JsConsumerInfoHandle info,
                   ConsumerInfo(connection, topology.stream, topology.consumer,
                                fmt::format("open consumer {} of stream {}", topology.consumer,
                                            topology.stream)));
  // The consumer may have been made by others: what counts is what the server does.
  queue->ack_wait_ =
      std::chrono::duration_cast<milliseconds>(std::chrono::nanoseconds(info->Config->AckWait));
  RETURN_IF_ERROR(queue->Subscribe());
  queue->next_check_ = SystemClock().Now() + queue->check_interval_;
  return queue;
}

Status PullQueue::Subscribe() {
  natsConnection* const connection = connection_.handle();
  if (subscription_ && subscribed_on_ == connection) return {};
  jsSubOptions bind{};
  jsSubOptions_Init(&bind);
  bind.Stream = topology_.stream.c_str();
  bind.Consumer = topology_.consumer.c_str();
  NatsSubscriptionHandle subscription;
  jsErrCode code{};
  const natsStatus status = js_PullSubscribe(Out(subscription), connection_.jetstream(), "",
                                             topology_.consumer.c_str(), nullptr, &bind, &code);
  if (status != NATS_OK) {
    return Fail(NatsError(
        status, fmt::format("open consumer {} of stream {}", topology_.consumer, topology_.stream),
        code));
  }
  subscription_ = std::move(subscription);
  subscribed_on_ = connection;
  return {};
}

Status PullQueue::Restore() {
  ASSIGN_OR_RETURN(const std::vector<std::string> made, RestoreTopology(connection_, topology_));
  next_check_ = SystemClock().Now() + check_interval_;
  if (made.empty()) return {};
  Log(LogLevel::kWarn, "nats",
      "made again what was deleted or lost; jobs that were in it have to be submitted again",
      {{"what", fmt::format("{}", fmt::join(made, ", "))}});
  return {};
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
  if (Status ready = Subscribe(); !ready) {
    SystemClock().WaitFor(kSlice, stop);
    return Fail(std::move(ready).error());
  }
  Fetched fetched;
  const natsStatus status =
      natsSubscription_Fetch(fetched.list(), subscription_.get(), 1, kSlice.count(), nullptr);
  if (status == NATS_TIMEOUT || status == NATS_NOT_FOUND) return std::unique_ptr<Delivery>();
  if (status != NATS_OK) {
    Error error = NatsError(status, fmt::format("fetch from consumer {} of stream {}",
                                                topology_.consumer, topology_.stream));
    error.code = Code::kUnavailable;
    SystemClock().WaitFor(kSlice, stop);
    return Fail(std::move(error));
  }
  Result<std::unique_ptr<Delivery>> delivery = NatsDelivery::Make(fetched.TakeFirst(), context_);
  if (delivery && stop.stop_requested()) {
    // No thread is left to work on it.
    RETURN_IF_ERROR((*delivery)->RetryIn(milliseconds(0)));
    return std::unique_ptr<Delivery>();
  }
  return delivery;
}

Status PullQueue::Publish(const std::string& json, const std::string& message_id) {
  RETURN_IF_ERROR(PublishJob(connection_, topology_.stream, json, message_id));
  return {};
}

Result<bool> PullQueue::Idle() {
  // A work queue holds a message until it is acknowledged, whether waiting, in flight or delayed.
  ASSIGN_OR_RETURN(const JsStreamInfoHandle info,
                   StreamInfo(connection_, topology_.stream,
                              fmt::format("look at stream {}", topology_.stream)));
  return info->State.Msgs == 0;
}

Status PullQueue::Health() {
  RETURN_IF_ERROR(connection_.Health());
  const std::lock_guard lock(health_mutex_);
  if (SystemClock().Now() >= next_check_) return Restore();
  // Asked for, because a fetch from a consumer that was deleted looks like one without messages.
  Result<JsConsumerInfoHandle> info = ConsumerInfo(
      connection_, topology_.stream, topology_.consumer,
      fmt::format("look at consumer {} of stream {}", topology_.consumer, topology_.stream));
  if (info) return {};
  if (info.error().code == Code::kNotFound) return Restore();
  return Fail(std::move(info).error());
}

}  // namespace dsw
