// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/running_calls.h"

#include <fmt/format.h>

#include "host/base/log.h"

namespace dsw {
namespace {

void Say(LogLevel level, std::string_view message, const RunningCall& call) {
  Log(level, "plugin", message,
      {{"plugin", call.plugin},
       {"operation", call.operation},
       {"job_id", call.job_id},
       {"seconds", std::to_string(call.age.count())}});
}

}  // namespace

std::string RunningCall::Describe() const {
  return fmt::format("{}: {}{}{}, since {} s", plugin, operation, job_id.empty() ? "" : " for job ",
                     job_id, age.count());
}

RunningCalls& RunningCalls::OfProcess() {
  static RunningCalls calls;
  return calls;
}

RunningCalls::Entry::Entry(std::string_view plugin, std::string_view operation)
    : Entry(plugin, operation, {}, std::chrono::steady_clock::now() + kUntimed, {}) {}

RunningCalls::Entry::Entry(std::string_view plugin, std::string_view operation,
                           const CallContext& context)
    : Entry(plugin, operation, context.job_id, context.deadline, context.cancel) {}

RunningCalls::Entry::Entry(std::string_view plugin, std::string_view operation,
                           std::string_view job_id, TimePoint deadline, std::stop_token cancel)
    : plugin_(plugin),
      operation_(operation),
      job_id_(job_id),
      began_(std::chrono::steady_clock::now()),
      deadline_(deadline),
      cancel_(std::move(cancel)) {
  RunningCalls& all = OfProcess();
  const std::lock_guard lock(all.mutex_);
  at_ = all.entries_.insert(all.entries_.end(), this);
}

RunningCalls::Entry::~Entry() {
  {
    RunningCalls& all = OfProcess();
    const std::lock_guard lock(all.mutex_);
    all.entries_.erase(at_);
  }
  if (!stuck_) return;
  Say(LogLevel::kWarn, "a call that was stuck has returned",
      Seen(std::chrono::steady_clock::now()));
}

RunningCall RunningCalls::Entry::Seen(TimePoint now) const {
  return {.plugin = std::string(plugin_),
          .operation = std::string(operation_),
          .job_id = std::string(job_id_),
          .age = std::chrono::duration_cast<std::chrono::seconds>(now - began_),
          .stuck = stuck_};
}

std::vector<RunningCall> RunningCalls::List(TimePoint now) {
  const std::lock_guard lock(mutex_);
  std::vector<RunningCall> calls;
  calls.reserve(entries_.size());
  for (const Entry* entry : entries_) calls.push_back(entry->Seen(now));
  return calls;
}

std::vector<RunningCall> RunningCalls::FindStuck(TimePoint now) {
  std::vector<RunningCall> stuck;
  std::vector<RunningCall> news;
  {
    const std::lock_guard lock(mutex_);
    for (Entry* entry : entries_) {
      if (!entry->cancel_seen_ && entry->cancel_.stop_requested()) entry->cancel_seen_ = now;
      const bool overdue = now > entry->deadline_ && now - entry->deadline_ >= kGrace;
      const bool deaf = entry->cancel_seen_ && now - *entry->cancel_seen_ >= kGrace;
      if (!overdue && !deaf) continue;
      const bool is_new = !std::exchange(entry->stuck_, true);
      stuck.push_back(entry->Seen(now));
      if (is_new) news.push_back(stuck.back());
    }
  }
  for (const RunningCall& call : news) {
    Say(LogLevel::kError,
        "a call into a plugin is stuck: it neither returned in time nor on cancel", call);
  }
  return stuck;
}

}  // namespace dsw
