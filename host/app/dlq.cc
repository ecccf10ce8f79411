// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "host/app/commands.h"
#include "host/app/nats_options.h"
#include "host/app/terminal.h"
#include "host/base/clock.h"
#include "host/base/secret.h"
#include "host/base/short_name.h"
#include "host/base/utf8.h"
#include "host/domain/job_codec.h"
#include "host/nats/connection.h"
#include "host/nats/dead_letter_queue.h"

namespace dsw {
namespace {

using Json = nlohmann::ordered_json;

/// The queue with the connection that it needs.
class OpenedQueue {
 public:
  static Result<OpenedQueue> Open(const Settings& settings) {
    ASSIGN_OR_RETURN(
        std::unique_ptr<NatsConnection> connection,
        NatsConnection::Open(NatsConnectionOptionsFrom(settings, "worker-datasets dlq")));
    return OpenedQueue(std::move(connection), settings);
  }
  DeadLetterQueue* operator->() { return queue_.get(); }

 private:
  OpenedQueue(std::unique_ptr<NatsConnection> connection, const Settings& settings)
      : connection_(std::move(connection)),
        queue_(std::make_unique<DeadLetterQueue>(*connection_, settings.nats_dlq_stream,
                                                 settings.nats_stream)) {}

  std::unique_ptr<NatsConnection> connection_;
  std::unique_ptr<DeadLetterQueue> queue_;
};

/// What a dead letter tells, whether a worker of ours wrote it or another program did.
struct Story {
  explicit Story(const StoredDeadLetter& letter)
      : claim(ClaimOf(letter.payload)),
        failed_at(HeaderOf(letter.headers, kFailedAtHeader)),
        error_type(HeaderOf(letter.headers, kErrorTypeHeader)),
        error(Redact(HeaderOf(letter.headers, kErrorHeader))),
        fault(HeaderOf(letter.headers, kFaultHeader)),
        attempts(std::atoll(HeaderOf(letter.headers, kAttemptsHeader).c_str())),
        worker(HeaderOf(letter.headers, kWorkerHeader)),
        subject(HeaderOf(letter.headers, kOriginalSubjectHeader)) {
    const std::string job_id = HeaderOf(letter.headers, kJobIdHeader);
    if (!job_id.empty()) claim.job_id = job_id;
    if (failed_at.empty()) failed_at = FormatUtc(letter.stored_at);
  }

  JobClaim claim;
  std::string failed_at;
  std::string error_type;
  std::string error;
  std::string fault;
  std::int64_t attempts;
  std::string worker;
  std::string subject;
};

Json TextOrNull(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

void PrintJson(const StoredDeadLetter& letter) {
  const Story story(letter);
  const std::optional<std::int64_t> transform = story.claim.dataset_transform_id;
  const Json document = {{"sequence", letter.sequence},
                         {"job_id", TextOrNull(story.claim.job_id)},
                         {"dataset_transform_id", transform ? Json(*transform) : Json(nullptr)},
                         {"failed_at", story.failed_at},
                         {"error_type", TextOrNull(story.error_type)},
                         {"error", TextOrNull(story.error)},
                         {"fault", TextOrNull(story.fault)},
                         {"attempts", story.attempts},
                         {"worker", TextOrNull(story.worker)},
                         {"original_subject", TextOrNull(story.subject)},
                         {"replayable", letter.replayable()}};
  fmt::print("{}\n", document.dump(-1, ' ', false, Json::error_handler_t::replace));
}

/// "5 min", in the largest unit of which there is one.
std::string Age(std::chrono::system_clock::duration age) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(age).count();
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{} min", seconds / 60);
  if (seconds < 86400) return fmt::format("{} h", seconds / 3600);
  return fmt::format("{} d", seconds / 86400);
}

void PrintLine(const StoredDeadLetter& letter) {
  constexpr std::size_t kMaxNameBytes = 64;
  const Story story(letter);
  const std::optional<std::int64_t> transform = story.claim.dataset_transform_id;
  const auto or_unknown = [](const std::string& text) { return text.empty() ? "?" : text; };
  fmt::print("{:>6}  {:>6} ago  transform {}  job {}  attempts {}  fault {}{}\n", letter.sequence,
             Age(std::chrono::system_clock::now() - letter.stored_at),
             transform ? std::to_string(*transform) : "?",
             Visible(ShortName(or_unknown(story.claim.job_id), kMaxNameBytes)),
             story.attempts > 0 ? std::to_string(story.attempts) : "?",
             Visible(or_unknown(story.fault)),
             letter.replayable() ? "" : "  (without its payload: cannot be replayed)");
  fmt::print("        {}: {}\n", Visible(or_unknown(story.error_type)),
             Visible(or_unknown(story.error)));
}

bool IsMeant(const StoredDeadLetter& letter, const DeadLetterOptions& options) {
  return !options.transform || ClaimOf(letter.payload).dataset_transform_id == options.transform;
}

/// Calls `visit` with the one that is meant, or all.
Status ForEachMeant(OpenedQueue& queue, const DeadLetterOptions& options,
                    const std::function<Status(const StoredDeadLetter&)>& visit) {
  if (options.sequence) {
    ASSIGN_OR_RETURN(const StoredDeadLetter letter, queue->Get(*options.sequence));
    return visit(letter);
  }
  return queue->ForEach([&](const StoredDeadLetter& letter) {
    return IsMeant(letter, options) ? visit(letter) : Status();
  });
}

}  // namespace

Status ListDeadLetters(const Settings& settings, const DeadLetterOptions& options) {
  ASSIGN_OR_RETURN(OpenedQueue queue, OpenedQueue::Open(settings));
  std::int64_t count = 0;
  RETURN_IF_ERROR(ForEachMeant(queue, options, [&](const StoredDeadLetter& letter) {
    ++count;
    options.json ? PrintJson(letter) : PrintLine(letter);
    return Status();
  }));
  if (options.json) return {};
  if (count == 0) {
    fmt::print("no dead letters in stream {}\n", settings.nats_dlq_stream);
  } else {
    fmt::print("next: worker-datasets dlq show N, dlq replay N, dlq purge N\n");
  }
  return {};
}

Status ShowDeadLetter(const Settings& settings, const DeadLetterOptions& options) {
  ASSIGN_OR_RETURN(OpenedQueue queue, OpenedQueue::Open(settings));
  ASSIGN_OR_RETURN(const StoredDeadLetter letter, queue->Get(*options.sequence));
  fmt::print("Stored-At: {}\n", FormatUtc(letter.stored_at));
  for (const auto& [name, value] : letter.headers) {
    fmt::print("{}: {}\n", Visible(name), Visible(Redact(value)));
  }
  fmt::print("\n{}\n", Visible(Redact(WithoutApiKeys(letter.payload))));
  return {};
}

Status ReplayDeadLetters(const Settings& settings, const DeadLetterOptions& options) {
  ASSIGN_OR_RETURN(OpenedQueue queue, OpenedQueue::Open(settings));
  std::int64_t replayed = 0;
  std::int64_t refused = 0;
  RETURN_IF_ERROR(ForEachMeant(queue, options, [&](const StoredDeadLetter& letter) -> Status {
    const Result<PublishedJob> published = queue->Replay(letter);
    if (published) {
      ++replayed;
      fmt::print("replayed {}: message {} of stream {}\n", letter.sequence, published->sequence,
                 published->stream);
    } else if (published.error().code == Code::kInvalid) {
      // It is about this one; the others may be fine.
      ++refused;
      fmt::print(stderr, "cannot replay {}: {}\n", letter.sequence,
                 Visible(published.error().message));
    } else {
      return Fail(published.error());
    }
    return {};
  }));
  if (refused > 0) {
    return Fail(Code::kInvalid, fmt::format("{} of {} dead letters could not be replayed", refused,
                                            refused + replayed));
  }
  if (replayed == 0) fmt::print("no such dead letters in stream {}\n", settings.nats_dlq_stream);
  return {};
}

Status PurgeDeadLetters(const Settings& settings, const DeadLetterOptions& options) {
  ASSIGN_OR_RETURN(OpenedQueue queue, OpenedQueue::Open(settings));
  std::uint64_t removed = 0;
  if (!options.sequence && !options.transform) {
    ASSIGN_OR_RETURN(removed, queue->RemoveAll());
  } else {
    RETURN_IF_ERROR(ForEachMeant(queue, options, [&](const StoredDeadLetter& letter) {
      Status done = queue->Remove(letter.sequence);
      if (done) ++removed;
      return done;
    }));
  }
  fmt::print("removed {} from stream {}\n", removed, settings.nats_dlq_stream);
  return {};
}

}  // namespace dsw
