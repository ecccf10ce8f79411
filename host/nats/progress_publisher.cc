// SPDX-License-Identifier: Apache-2.0
#include "host/nats/progress_publisher.h"

#include <chrono>
#include <exception>
#include <string>

#include <fmt/format.h>

#include "host/base/clock.h"
#include "host/base/log.h"
#include "host/domain/progress_codec.h"
#include "host/nats/errors.h"

namespace dsw {
namespace {

constexpr std::int64_t kConfirmTimeoutMs = 2000;
constexpr std::int64_t kMaxPending = 256;
constexpr std::int64_t kStallMs = 50;
constexpr std::chrono::seconds kFinalPatience{3};
constexpr std::chrono::milliseconds kPause{200};

/// Of no other event: a job that is published again may report the same numbers.
std::string MessageId(const Progress& progress) {
  return fmt::format(
      "prog-{}-{}-{}", progress.job_id, progress.embedded_dataset_id.value_or(0),
      std::chrono::duration_cast<std::chrono::microseconds>(progress.timestamp.time_since_epoch())
          .count());
}

/// The same however often the job comes to this end. A job that failed may be replayed at once, and
/// its success is not to be taken for a repetition.
std::string FinalMessageId(const Progress& progress) {
  return fmt::format("result-{}{}", progress.job_id,
                     progress.state == JobState::kFailed ? "-failed" : "");
}

void LogLost(std::string_view error) {
  Log(LogLevel::kWarn, "nats", "a status event was lost", {{"error", std::string(error)}});
}

void OnPublishError(jsCtx*, jsPubAckErr* error, void*) {
  LogLost(error->ErrText != nullptr ? error->ErrText : natsStatus_GetText(error->Err));
}

}  // namespace

Result<std::unique_ptr<ProgressPublisher>> ProgressPublisher::Open(
    const NatsConnection& connection) {
  std::unique_ptr<ProgressPublisher> publisher(new ProgressPublisher(connection));
  RETURN_IF_ERROR(publisher->Jetstream());
  return publisher;
}

ProgressPublisher::~ProgressPublisher() {
  jsPubOptions options{};
  jsPubOptions_Init(&options);
  options.MaxWait = kConfirmTimeoutMs;
  if (!jetstreams_.empty()) js_PublishAsyncComplete(jetstreams_.back().get(), &options);
}

Result<jsCtx*> ProgressPublisher::Jetstream() {
  const std::lock_guard lock(mutex_);
  natsConnection* const connection = connection_.handle();
  if (made_on_ == connection) return jetstreams_.back().get();
  jsOptions options{};
  jsOptions_Init(&options);
  options.Wait = kConfirmTimeoutMs;
  options.PublishAsync.MaxPending = kMaxPending;
  options.PublishAsync.StallWait = kStallMs;
  options.PublishAsync.ErrHandler = OnPublishError;
  JsContextHandle jetstream;
  const natsStatus status = natsConnection_JetStream(Out(jetstream), connection, &options);
  if (status != NATS_OK) return Fail(NatsError(status, "prepare publishing of status events"));
  jetstreams_.push_back(std::move(jetstream));
  made_on_ = connection;
  return jetstreams_.back().get();
}

void ProgressPublisher::Publish(const Progress& progress) noexcept {
  try {
    const Result<jsCtx*> jetstream = Jetstream();
    if (!jetstream) return LogLost(jetstream.error().message);
    const std::string subject = ProgressSubject(progress);
    const std::string json = ProgressJson(progress);
    const std::string id = MessageId(progress);
    jsPubOptions options{};
    jsPubOptions_Init(&options);
    options.MsgId = id.c_str();
    const natsStatus status = js_PublishAsync(*jetstream, subject.c_str(), json.data(),
                                              static_cast<int>(json.size()), &options);
    if (status != NATS_OK) LogLost(NatsError(status, "publish a status event").message);
  } catch (const std::exception& exception) {
    LogLost(exception.what());
  }
}

Status ProgressPublisher::PublishFinal(const Progress& progress) {
  const std::string subject = ProgressSubject(progress);
  const std::string json = ProgressJson(progress);
  const std::string id = FinalMessageId(progress);
  jsPubOptions options{};
  jsPubOptions_Init(&options);
  options.MsgId = id.c_str();
  options.MaxWait = kConfirmTimeoutMs;
  // Over a short loss of the connection, or a change of the stream's leader.
  const Clock::TimePoint deadline = SystemClock().Now() + kFinalPatience;
  while (true) {
    jsErrCode code{};
    const natsStatus status =
        js_Publish(nullptr, connection_.jetstream(), subject.c_str(), json.data(),
                   static_cast<int>(json.size()), &options, &code);
    if (status == NATS_OK) return {};
    if (code != jsErrCode{} || SystemClock().Now() >= deadline) {
      return Fail(NatsError(status, "publish a job's last status event", code));
    }
    SystemClock().WaitFor(kPause, {});
  }
}

}  // namespace dsw
