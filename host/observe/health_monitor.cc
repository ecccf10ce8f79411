// SPDX-License-Identifier: Apache-2.0
#include "host/observe/health_monitor.h"

#include <algorithm>
#include <exception>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "host/base/log.h"

namespace dsw {
namespace {

Clock::TimePoint Now() {
  return std::chrono::steady_clock::now();
}

Status RunGuarded(const ReadinessCheck& check) {
  try {
    return check.run();
  } catch (const std::exception& exception) {
    return Fail(Code::kInternal, fmt::format("the check threw an exception: {}", exception.what()));
  }
}

}  // namespace

Result<std::unique_ptr<HealthMonitor>> HealthMonitor::Start(std::vector<ReadinessCheck> checks,
                                                            std::function<void(bool)> on_change,
                                                            const HealthTiming& timing) {
  std::unique_ptr<HealthMonitor> monitor(
      new HealthMonitor(std::move(checks), std::move(on_change), timing));
  try {
    monitor->StartThreads();
  } catch (const std::system_error& error) {
    return Fail(
        Error{.code = Code::kUnavailable,
              .message = fmt::format("cannot start a thread to watch the worker's health: {}",
                                     error.code().message()),
              .origin = Origin::kWorker});
  }
  return monitor;
}

HealthMonitor::HealthMonitor(std::vector<ReadinessCheck> checks,
                             std::function<void(bool)> on_change, const HealthTiming& timing)
    : timing_(timing), on_change_(std::move(on_change)) {
  for (ReadinessCheck& check : checks) {
    parts_.push_back(std::make_unique<Part>(
        Part{.check = std::move(check), .health = PartHealth(true, timing)}));
  }
  ready_ = parts_.empty();
}

HealthMonitor::~HealthMonitor() {
  for (std::jthread& thread : threads_) thread.request_stop();
}

void HealthMonitor::StartThreads() {
  threads_.emplace_back([this](const std::stop_token& stop) { Watch(stop); });
  for (const std::unique_ptr<Part>& part : parts_) {
    threads_.emplace_back([this, &part](const std::stop_token& stop) { RunChecks(stop, *part); });
  }
}

void HealthMonitor::Changed() {
  ++changes_;
  changed_.notify_all();
}

void HealthMonitor::Tell(const News& news) {
  const auto& [name, status] = news.finding;
  if (!status) {
    Log(LogLevel::kWarn, "observe", "not ready: something that the worker needs does not work",
        {{"part", name},
         {"code", std::string(CodeName(status.error().code))},
         {"error", status.error().message}});
  } else if (news.has_check) {
    Log(LogLevel::kInfo, "observe", "works again", {{"part", name}});
  } else {
    Log(LogLevel::kInfo, "observe", "the next job tries it again", {{"part", name}});
  }
}

void HealthMonitor::RunChecks(const std::stop_token& stop, Part& part) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const Clock::TimePoint due = part.health.due();
    if (Now() < due) {
      changed_.wait_until(lock, stop, due, [&] { return part.health.due() != due; });
      continue;
    }
    part.health.CheckBegins(Now());
    Changed();
    lock.unlock();
    Status result = RunGuarded(part.check);
    lock.lock();
    part.health.CheckEnds(Now(), std::move(result));
    Changed();
  }
}

std::vector<HealthMonitor::News> HealthMonitor::TakeStock(Clock::TimePoint now) {
  std::vector<News> news;
  bool ready = true;
  for (const auto* parts : {&parts_, &unchecked_}) {
    for (const std::unique_ptr<Part>& part : *parts) {
      Status status = part->health.Finding(now);
      ready = ready && status;
      if (!part->health.Known(now) || part->well == status.has_value()) continue;
      part->well = status.has_value();
      news.push_back({{part->name(), std::move(status)}, part->check.run != nullptr});
    }
  }
  std::erase_if(unchecked_, [&](const auto& part) { return part->health.Forgettable(now); });
  ready_ = ready;
  return news;
}

Clock::TimePoint HealthMonitor::NextChange(Clock::TimePoint now) const {
  // Waiting for the end of time overflows in some versions of the library.
  Clock::TimePoint next = now + std::chrono::hours(1);
  for (const auto* parts : {&parts_, &unchecked_}) {
    for (const std::unique_ptr<Part>& part : *parts) {
      next = std::min(next, part->health.NextChange(now));
    }
  }
  return next;
}

void HealthMonitor::Watch(const std::stop_token& stop) {
  bool told = false;
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const Clock::TimePoint now = Now();
    const std::uint64_t seen = changes_;
    const std::vector<News> news = TakeStock(now);
    const bool ready = ready_;
    const Clock::TimePoint next = NextChange(now);
    // Writing a line may take its time.
    lock.unlock();
    changed_.notify_all();
    for (const News& one : news) Tell(one);
    if (ready != told) on_change_(ready);
    told = ready;
    lock.lock();
    changed_.wait_until(lock, stop, next, [&] { return changes_ != seen; });
  }
}

bool HealthMonitor::WaitUntilReady(std::stop_token stop) {
  if (!ready_ && !stop.stop_requested()) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, stop, [this] { return ready_.load(); });
  }
  return !stop.stop_requested();
}

void HealthMonitor::Report(std::string_view part, const Error& error) {
  const std::lock_guard lock(mutex_);
  Part* found = nullptr;
  for (const auto* parts : {&parts_, &unchecked_}) {
    for (const std::unique_ptr<Part>& known : *parts) {
      if (known->name() == part) found = known.get();
    }
  }
  if (found == nullptr) {
    unchecked_.push_back(std::make_unique<Part>(
        Part{.check = {.name = std::string(part), .run = {}}, .health = {false, timing_}}));
    found = unchecked_.back().get();
  }
  found->health.Report(Now(), error);
  ready_ = false;
  Changed();
}

ReadinessReport HealthMonitor::Readiness() const {
  const std::lock_guard lock(mutex_);
  const Clock::TimePoint now = Now();
  ReadinessReport report{.ready = true, .findings = {}};
  for (const auto* parts : {&parts_, &unchecked_}) {
    for (const std::unique_ptr<Part>& part : *parts) {
      report.findings.push_back({part->name(), part->health.Finding(now)});
      report.ready = report.ready && report.findings.back().status;
    }
  }
  return report;
}

}  // namespace dsw
