// SPDX-License-Identifier: Apache-2.0
#include "host/nats/progress_watcher.h"

#include <chrono>

#include <fmt/format.h>

#include "host/base/clock.h"
#include "host/base/log.h"
#include "host/domain/progress_codec.h"
#include "host/nats/fetched.h"
#include "host/nats/info.h"
#include "host/nats/message.h"
#include "host/nats/short_consumer.h"

namespace dsw {
namespace {

constexpr std::chrono::milliseconds kSlice{1000};

}  // namespace

ProgressWatcher::ProgressWatcher(const NatsConnection& connection, std::string stream,
                                 std::string subject, std::string job_id)
    : connection_(connection),
      stream_(std::move(stream)),
      subject_(std::move(subject)),
      job_id_(std::move(job_id)) {}

Result<std::unique_ptr<ProgressWatcher>> ProgressWatcher::Open(const NatsConnection& connection,
                                                               const std::string& status_stream,
                                                               std::int64_t dataset_transform_id,
                                                               const std::string& job_id) {
  std::unique_ptr<ProgressWatcher> watcher(new ProgressWatcher(
      connection, status_stream,
      fmt::format("transforms.dataset.status.*.*.{}", dataset_transform_id), job_id));
  ASSIGN_OR_RETURN(
      const JsStreamInfoHandle info,
      StreamInfo(connection, status_stream, fmt::format("look up stream {}", status_stream)));
  watcher->next_sequence_ = info->State.LastSeq + 1;
  return watcher;
}

natsStatus ProgressWatcher::Subscribe() {
  // A pull consumer of our own, made again from the first event not seen when it is lost, as by a
  // restart of the server. (The library's ordered consumers do not come back from that.)
  return SubscribeShortly(connection_, stream_, subject_, next_sequence_, subscription_, nullptr);
}

Result<std::optional<Progress>> ProgressWatcher::Next(std::stop_token stop) {
  const Clock::TimePoint deadline = SystemClock().Now() + kSlice;
  while (!stop.stop_requested() && SystemClock().Now() < deadline) {
    natsStatus status = connection_.connected() ? NATS_OK : NATS_CONNECTION_DISCONNECTED;
    if (status == NATS_OK && !subscription_) status = Subscribe();
    Fetched fetched;
    if (status == NATS_OK) {
      status =
          natsSubscription_Fetch(fetched.list(), subscription_.get(), 1, kSlice.count(), nullptr);
    }
    if (status == NATS_TIMEOUT) continue;
    if (status != NATS_OK) {
      Log(LogLevel::kDebug, "nats", "status events are interrupted",
          {{"error", natsStatus_GetText(status)}});
      subscription_.reset();
      SystemClock().WaitUntil(deadline, stop);
      continue;
    }
    const NatsMsgHandle message = fetched.TakeFirst();
    natsMsg_Ack(message.get(), nullptr);
    // An acknowledgement may get lost with the connection, and its event comes once more.
    JsMetaDataHandle meta;
    if (natsMsg_GetMetaData(Out(meta), message.get()) != NATS_OK) continue;
    if (meta->Sequence.Stream < next_sequence_) continue;
    next_sequence_ = meta->Sequence.Stream + 1;
    const Result<Progress> progress = ParseProgress(PayloadOf(message.get()));
    // Others publish to the same subject: events of other jobs, and of other programs.
    if (progress && progress->job_id == job_id_) return std::optional<Progress>(*progress);
  }
  return std::optional<Progress>();
}

}  // namespace dsw
