// SPDX-License-Identifier: Apache-2.0
#include "host/nats/progress_publisher.h"

#include <chrono>
#include <exception>
#include <string>

#include <fmt/format.h>

#include "host/base/log.h"
#include "host/domain/progress_codec.h"
#include "host/nats/errors.h"

namespace dsw {
namespace {

constexpr std::int64_t kConfirmTimeoutMs = 2000;
constexpr std::int64_t kMaxPending = 256;
constexpr std::int64_t kStallMs = 50;
constexpr int kTries = 3;

/// Of no other event: a job that is published again may report the same numbers.
std::string MessageId(const Progress& progress) {
  return fmt::format(
      "prog-{}-{}-{}", progress.job_id, progress.embedded_dataset_id.value_or(0),
      std::chrono::duration_cast<std::chrono::microseconds>(progress.timestamp.time_since_epoch())
          .count());
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
  jsOptions options{};
  jsOptions_Init(&options);
  options.Wait = kConfirmTimeoutMs;
  options.PublishAsync.MaxPending = kMaxPending;
  options.PublishAsync.StallWait = kStallMs;
  options.PublishAsync.ErrHandler = OnPublishError;
  JsContextHandle jetstream;
  const natsStatus status = natsConnection_JetStream(Out(jetstream), connection.handle(), &options);
  if (status != NATS_OK) return Fail(NatsError(status, "prepare publishing of status events"));
  return std::unique_ptr<ProgressPublisher>(new ProgressPublisher(std::move(jetstream)));
}

ProgressPublisher::~ProgressPublisher() {
  jsPubOptions options{};
  jsPubOptions_Init(&options);
  options.MaxWait = kConfirmTimeoutMs;
  js_PublishAsyncComplete(jetstream_.get(), &options);
}

void ProgressPublisher::Publish(const Progress& progress) noexcept {
  try {
    const std::string subject = ProgressSubject(progress);
    const std::string json = ProgressJson(progress);
    const std::string id = MessageId(progress);
    const int size = static_cast<int>(json.size());
    jsPubOptions options{};
    jsPubOptions_Init(&options);
    options.MsgId = id.c_str();
    const natsStatus status =
        js_PublishAsync(jetstream_.get(), subject.c_str(), json.data(), size, &options);
    if (status != NATS_OK) LogLost(NatsError(status, "publish a status event").message);
  } catch (const std::exception& exception) {
    LogLost(exception.what());
  }
}

Status ProgressPublisher::PublishFinal(const Progress& progress) {
  const std::string subject = ProgressSubject(progress);
  const std::string json = ProgressJson(progress);
  const std::string id = "result-" + progress.job_id;
  jsPubOptions options{};
  jsPubOptions_Init(&options);
  options.MsgId = id.c_str();
  options.MaxWait = kConfirmTimeoutMs;
  jsErrCode code{};
  natsStatus status = NATS_ERR;
  for (int i = 0; i < kTries && status != NATS_OK; ++i) {
    status = js_Publish(nullptr, jetstream_.get(), subject.c_str(), json.data(),
                        static_cast<int>(json.size()), &options, &code);
  }
  if (status != NATS_OK) return Fail(NatsError(status, "publish a job's last status event", code));
  return {};
}

}  // namespace dsw
