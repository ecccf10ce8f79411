// SPDX-License-Identifier: Apache-2.0
#include "host/observe/part_health.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace dsw {

PartHealth::PartHealth(bool has_check, const HealthTiming& timing)
    : has_check_(has_check), timing_(timing) {}

bool PartHealth::Silent(TimePoint now) const {
  return running_since_ && now - *running_since_ >= timing_.answer_within;
}

bool PartHealth::Known(TimePoint now) const {
  return !has_check_ || result_ || reported_ || Silent(now);
}

bool PartHealth::Closed(TimePoint now) const {
  return reported_ && (has_check_ || now < due_);
}

std::optional<PartHealth::TimePoint> PartHealth::ReopenedAt(TimePoint now) const {
  if (!has_check_ && reported_ && !Closed(now)) return due_;
  return reopened_;
}

void PartHealth::Report(TimePoint now, const Error& error) {
  const bool was_closed = Closed(now);
  const std::optional<TimePoint> reopened = ReopenedAt(now);
  reported_ = error;
  if (was_closed) return;
  const bool returns = reopened && now - *reopened < timing_.soon;
  pause_ = returns ? std::min(2 * pause_, timing_.longest_repeated) : timing_.first_pause;
  due_ = now + pause_;
  outdated_ = running_since_.has_value();
}

void PartHealth::CheckBegins(TimePoint now) {
  running_since_ = now;
  outdated_ = false;
}

void PartHealth::CheckEnds(TimePoint now, Status result) {
  running_since_.reset();
  // What it saw may be older than the report.
  if (std::exchange(outdated_, false)) return;
  result_ = std::move(result);
  if (!reported_) {
    due_ = now + timing_.every;
  } else if (*result_) {
    reported_.reset();
    reopened_ = now;
    due_ = now + timing_.every;
  } else {
    pause_ = std::max(pause_, std::min(2 * pause_, timing_.longest_pause));
    due_ = now + pause_;
  }
}

Status PartHealth::Finding(TimePoint now) const {
  if (!Known(now)) return Fail(Code::kUnavailable, "not checked yet");
  if (Silent(now)) {
    const auto silent = std::chrono::duration_cast<std::chrono::seconds>(now - *running_since_);
    return Fail(Code::kTimeout, fmt::format("no answer for {} s", silent.count()));
  }
  if (result_ && !*result_) return *result_;
  if (Closed(now)) return Fail(*reported_);
  return {};
}

PartHealth::TimePoint PartHealth::NextChange(TimePoint now) const {
  TimePoint next = TimePoint::max();
  if (running_since_ && !Silent(now)) next = *running_since_ + timing_.answer_within;
  if (!has_check_ && Closed(now)) next = std::min(next, due_);
  return next;
}

bool PartHealth::Forgettable(TimePoint now) const {
  const std::optional<TimePoint> reopened = ReopenedAt(now);
  return !has_check_ && !Closed(now) && (!reopened || now - *reopened >= timing_.soon);
}

}  // namespace dsw
