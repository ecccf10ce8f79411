// SPDX-License-Identifier: Apache-2.0
#include "host/nats/topology.h"

#include <algorithm>
#include <string_view>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "host/base/log.h"
#include "host/nats/errors.h"

namespace dsw {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::nanoseconds;

constexpr std::int64_t kUnlimited = -1;
// It holds for the whole fleet, and delayed retries count: one that is reached stalls all workers.
// (The library sends no number below 1, for which the server takes 1000.)
constexpr std::int64_t kMaxAckPending = 100000;

std::int64_t Nanoseconds(nanoseconds duration) {
  return duration.count();
}

std::string_view RetentionName(jsRetentionPolicy policy) {
  switch (policy) {
    case js_LimitsPolicy:
      return "limits";
    case js_InterestPolicy:
      return "interest";
    case js_WorkQueuePolicy:
      return "workqueue";
  }
  return "unknown";
}

struct StreamSpec {
  std::string name;
  const char* setting;                ///< The variable that names it.
  const char* description;            ///< For those who list streams.
  std::vector<std::string> subjects;  ///< The first is what it cannot do without.
  jsRetentionPolicy retention;
  nanoseconds max_age{0};
  std::int64_t max_messages = kUnlimited;
  nanoseconds duplicates{0};
};

struct ConsumerSpec {
  std::string stream;
  std::string name;
  const char* setting;
  const char* description;
  std::chrono::milliseconds ack_wait;
  bool ours;  ///< This program takes messages from it, so that its configuration matters.
};

Status CheckStream(const StreamSpec& spec, const jsStreamConfig& config, bool at_start) {
  const std::vector<std::string_view> subjects(config.Subjects,
                                               config.Subjects + config.SubjectsLen);
  const auto taken = [&](std::string_view subject) {
    return std::any_of(subjects.begin(), subjects.end(),
                       [&](std::string_view pattern) { return SubjectMatches(pattern, subject); });
  };
  std::vector<std::string> faults;
  if (config.Retention != spec.retention) {
    faults.push_back(fmt::format("its retention is {}, not {}", RetentionName(config.Retention),
                                 RetentionName(spec.retention)));
  }
  if (!taken(spec.subjects.front())) {
    faults.push_back(fmt::format("it does not take subject {} (it takes {})", spec.subjects.front(),
                                 fmt::join(subjects, ", ")));
  }
  if (!faults.empty()) {
    return Fail(Code::kConflict,
                fmt::format("stream {} cannot be used: {}; change or delete it with the nats tool, "
                            "or set {} to another name",
                            spec.name, fmt::join(faults, "; "), spec.setting));
  }
  for (const std::string& subject : spec.subjects) {
    if (taken(subject) || !at_start) continue;
    Log(LogLevel::kWarn, "nats", "stream does not take a subject that people may publish to",
        {{"stream", spec.name}, {"subject", subject}});
  }
  return {};
}

Status CreateStream(jsCtx* js, const StreamSpec& spec, std::int64_t replicas) {
  std::vector<const char*> subjects;
  for (const std::string& subject : spec.subjects) subjects.push_back(subject.c_str());
  jsStreamConfig config{};
  jsStreamConfig_Init(&config);
  config.Name = spec.name.c_str();
  config.Description = spec.description;
  config.Subjects = subjects.data();
  config.SubjectsLen = static_cast<int>(subjects.size());
  config.Retention = spec.retention;
  config.Storage = js_FileStorage;
  config.Replicas = replicas;
  config.MaxAge = Nanoseconds(spec.max_age);
  config.MaxMsgs = spec.max_messages;
  config.Duplicates = Nanoseconds(spec.duplicates);
  jsErrCode code{};
  const natsStatus status = js_AddStream(nullptr, js, &config, nullptr, &code);
  if (status == NATS_OK) return {};
  Error error = NatsError(status, fmt::format("create stream {}", spec.name), code);
  if (code == JSStreamReplicasNotSupportedErr || code == JSClusterNoPeersErr ||
      code == JSInsufficientResourcesErr) {
    error.message += fmt::format("; NATS_REPLICAS is {}", replicas);
  }
  if (code == JSStreamSubjectOverlapErr) {
    error.message += fmt::format(
        " (subjects {}); set {} to the name of the stream that takes them, or delete that stream",
        fmt::join(spec.subjects, ", "), spec.setting);
  }
  return Fail(std::move(error));
}

/// What an ensuring function is to do, and what it did.
struct Ensuring {
  jsCtx* js;
  const NatsTopology& topology;
  bool at_start;
  std::vector<std::string> made{};
};

Status EnsureStream(Ensuring& ensuring, const StreamSpec& spec) {
  jsCtx* const js = ensuring.js;
  constexpr int kTries = 5;
  constexpr std::chrono::milliseconds kPause(50);
  Status created;
  for (int attempt = 1; attempt <= kTries; ++attempt) {
    if (attempt > 1) std::this_thread::sleep_for(kPause);
    JsStreamInfoHandle info;
    jsErrCode code{};
    const natsStatus status = js_GetStreamInfo(Out(info), js, spec.name.c_str(), nullptr, &code);
    if (status == NATS_OK) return CheckStream(spec, *info->Config, ensuring.at_start);
    if (status != NATS_NOT_FOUND && code != JSStreamNotFoundErr) {
      return Fail(NatsError(status, fmt::format("look up stream {}", spec.name), code));
    }
    if (!ensuring.topology.create) {
      return Fail(Code::kNotFound,
                  fmt::format("stream {} does not exist: create it, set {} to the one to use, or "
                              "let the worker create it with NATS_CREATE_STREAMS=true",
                              spec.name, spec.setting));
    }
    // Of workers that start together one creates it, and the server refuses the others with one
    // error or another; they find it when they look again.
    created = CreateStream(js, spec, ensuring.topology.replicas);
    if (!created) continue;
    ensuring.made.push_back("stream " + spec.name);
    return {};
  }
  return created;
}

Status CheckConsumer(const ConsumerSpec& spec, const jsConsumerConfig& config) {
  std::vector<std::string> faults;
  if (config.DeliverSubject != nullptr && *config.DeliverSubject != '\0') {
    faults.emplace_back("it is a push consumer, not a pull consumer");
  }
  if (config.AckPolicy != js_AckExplicit) {
    faults.emplace_back("its ack policy is not explicit");
  }
  // The server then takes the steps for its ack wait, and other workers get jobs that still run.
  if (config.BackOffLen > 0) {
    faults.emplace_back("it has a back-off list, which replaces its ack wait");
  }
  if (config.MaxDeliver > 0) {
    faults.push_back(
        fmt::format("it gives up after {} deliveries (max deliver), but retries are "
                    "the worker's decision (MAX_RETRIES)",
                    config.MaxDeliver));
  }
  if (config.FilterSubject != nullptr && *config.FilterSubject != '\0') {
    faults.push_back(fmt::format("it takes subject {} only", config.FilterSubject));
  }
  if (faults.empty()) return {};
  return Fail(Code::kConflict,
              fmt::format("consumer {} of stream {} cannot be used: {}; change or delete it with "
                          "the nats tool, or set {} to another name",
                          spec.name, spec.stream, fmt::join(faults, "; "), spec.setting));
}

Status CreateConsumer(jsCtx* js, const ConsumerSpec& spec) {
  jsConsumerConfig config{};
  jsConsumerConfig_Init(&config);
  config.Durable = spec.name.c_str();
  config.Description = spec.description;
  config.DeliverPolicy = js_DeliverAll;
  config.AckPolicy = js_AckExplicit;
  config.ReplayPolicy = js_ReplayInstant;
  config.AckWait = Nanoseconds(spec.ack_wait);
  config.MaxDeliver = kUnlimited;
  config.MaxAckPending = kMaxAckPending;
  jsErrCode code{};
  const natsStatus status =
      js_AddConsumer(nullptr, js, spec.stream.c_str(), &config, nullptr, &code);
  if (status == NATS_OK) return {};
  return Fail(NatsError(
      status, fmt::format("create consumer {} of stream {}", spec.name, spec.stream), code));
}

Status EnsureConsumer(Ensuring& ensuring, const ConsumerSpec& spec) {
  jsCtx* const js = ensuring.js;
  JsConsumerInfoHandle info;
  jsErrCode code{};
  const natsStatus status =
      js_GetConsumerInfo(Out(info), js, spec.stream.c_str(), spec.name.c_str(), nullptr, &code);
  if (status == NATS_OK) return spec.ours ? CheckConsumer(spec, *info->Config) : Status();
  if (status != NATS_NOT_FOUND && code != JSConsumerNotFoundErr) {
    return Fail(NatsError(
        status, fmt::format("look up consumer {} of stream {}", spec.name, spec.stream), code));
  }
  if (ensuring.topology.create) {
    RETURN_IF_ERROR(CreateConsumer(js, spec));
    ensuring.made.push_back(fmt::format("consumer {} of stream {}", spec.name, spec.stream));
    return {};
  }
  return Fail(Code::kNotFound,
              fmt::format("consumer {} of stream {} does not exist: create it, set {} to the one "
                          "to use, or let the worker create it with NATS_CREATE_STREAMS=true",
                          spec.name, spec.stream, spec.setting));
}

Status EnsureAll(Ensuring& ensuring) {
  // A worker that died between publishing and acknowledging comes back late.
  constexpr minutes kDuplicates{60};
  const NatsTopology& topology = ensuring.topology;
  const StreamSpec streams[] = {{.name = topology.stream,
                                 .setting = "NATS_STREAM",
                                 .description = "Jobs for the datasets workers",
                                 .subjects = {kJobSubject, topology.stream},
                                 .retention = js_WorkQueuePolicy,
                                 .duplicates = kDuplicates},
                                {.name = topology.dlq_stream,
                                 .setting = "NATS_DLQ_STREAM",
                                 .description = "Jobs that the datasets workers gave up",
                                 .subjects = {kDeadLetterSubject, topology.dlq_stream},
                                 .retention = js_LimitsPolicy,
                                 .max_age = 30 * hours(24),
                                 .duplicates = kDuplicates},
                                {.name = topology.status_stream,
                                 .setting = "NATS_STATUS_STREAM",
                                 .description = "Status events of transforms",
                                 .subjects = {kStatusSubjects},
                                 .retention = js_LimitsPolicy,
                                 .max_age = hours(1),
                                 .max_messages = 100000,
                                 .duplicates = kDuplicates}};
  for (const StreamSpec& stream : streams) RETURN_IF_ERROR(EnsureStream(ensuring, stream));

  const ConsumerSpec consumers[] = {{.stream = topology.stream,
                                     .name = topology.consumer,
                                     .setting = "NATS_CONSUMER",
                                     .description = "All datasets workers",
                                     .ack_wait = topology.ack_wait,
                                     .ours = true},
                                    {.stream = topology.dlq_stream,
                                     .name = topology.dlq_consumer,
                                     .setting = "NATS_DLQ_CONSUMER",
                                     .description = "People who look at failed jobs",
                                     .ack_wait = topology.ack_wait,
                                     .ours = false}};
  for (const ConsumerSpec& consumer : consumers) {
    RETURN_IF_ERROR(EnsureConsumer(ensuring, consumer));
  }
  return {};
}

}  // namespace

Status EnsureTopology(const NatsConnection& connection, const NatsTopology& topology) {
  Ensuring ensuring{.js = connection.jetstream(), .topology = topology, .at_start = true};
  const Status done = EnsureAll(ensuring);
  for (const std::string& made : ensuring.made) {
    Log(LogLevel::kInfo, "nats", "created", {{"what", made}});
  }
  return done;
}

Result<std::vector<std::string>> RestoreTopology(const NatsConnection& connection,
                                                 const NatsTopology& topology) {
  Ensuring ensuring{.js = connection.jetstream(), .topology = topology, .at_start = false};
  RETURN_IF_ERROR(EnsureAll(ensuring));
  return std::move(ensuring.made);
}

bool SubjectMatches(std::string_view pattern, std::string_view subject) {
  while (!pattern.empty()) {
    const std::string_view want = pattern.substr(0, pattern.find('.'));
    if (want == ">") return !subject.empty();
    const std::string_view have = subject.substr(0, subject.find('.'));
    if (have.empty() || (want != "*" && want != have) || have == ">") return false;
    pattern.remove_prefix(std::min(want.size() + 1, pattern.size()));
    subject.remove_prefix(std::min(have.size() + 1, subject.size()));
  }
  return subject.empty();
}

}  // namespace dsw
