// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <map>
#include <optional>

#include <fmt/chrono.h>
#include <nlohmann/json.hpp>

#include "tests/fault/checker.h"

namespace dsw::fault_test {
namespace {

using Json = nlohmann::json;

std::string Show(const Json& event) {
  return fmt::format("job {} {}{} {} + {} of {}, {} %", event.value("job_id", "?").substr(0, 8),
                     event.value("status", "?"), event.value("final", false) ? " (last)" : "",
                     event.value("chunk_count", 0), event.value("failed_chunks", 0),
                     event.value("total_chunks", 0), event.value("percent", 0.0));
}

/// Of workers that are at the same job, one may be overtaken on its way to the stream.
constexpr std::int64_t kSkewMs = 500;

/// Of "2026-11-22T16:25:31.042Z", in a calendar whose months have 31 days.
std::int64_t MillisecondsOf(const std::string& time) {
  int year = 0;
  int month = 0;
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int millisecond = 0;
  std::sscanf(time.c_str(), "%d-%d-%dT%d:%d:%d.%d", &year, &month, &day, &hour, &minute, &second,
              &millisecond);
  const std::int64_t days = (year * 12 + month) * std::int64_t{31} + day;
  return (((days * 24 + hour) * 60 + minute) * 60 + second) * std::int64_t{1000} + millisecond;
}

/// The events of one job, in order.
class JobEvents {
 public:
  explicit JobEvents(const std::string& earliest) : last_time_(earliest) {}

  void Add(const Json& event, Findings& findings) {
    if (last_) findings.Add("event: one follows the job's last one", Show(event));
    CheckTime(event, findings);
    CheckNumbers(event, findings);
    if (event.value("final", false)) {
      ++finals_;
      last_ = event;
      CheckLast(event, findings);
    }
  }
  int finals() const { return finals_; }
  const std::optional<Json>& last() const { return last_; }

 private:
  void CheckTime(const Json& event, Findings& findings) {
    const std::string time = event.value("timestamp", "");
    const std::string now = fmt::format("{:%Y-%m-%dT%H:%M:%S}~", fmt::gmtime(std::time(nullptr)));
    if (time.size() < 20 || time.back() != 'Z' || time > now) {
      findings.Add("event: not a time of this run", time);
    } else if (MillisecondsOf(time) + kSkewMs < MillisecondsOf(last_time_)) {
      findings.Add("event: time runs backwards", time + " after " + last_time_);
    } else {
      last_time_ = std::max(last_time_, time);
    }
  }

  void CheckNumbers(const Json& event, Findings& findings) {
    const std::int64_t total = event.value("total_chunks", std::int64_t{0});
    const std::int64_t settled =
        event.value("chunk_count", std::int64_t{0}) + event.value("failed_chunks", std::int64_t{0});
    const double percent = event.value("percent", 0.0);
    if (settled > total) findings.Add("event: more than all", Show(event));
    if (event["embedded_dataset_id"].is_null()) {
      if (target_known_) findings.Add("event: names no target any more", Show(event));
      if (total_known_ && total == 0) findings.Add("event: has lost its total", Show(event));
      return;
    }
    target_known_ = true;
    const std::int64_t target = event["embedded_dataset_id"];
    if (total_known_ && total == 0) findings.Add("event: has lost its total", Show(event));
    total_known_ = total_known_ || total > 0;
    if (const auto before = percent_.find(target);
        before != percent_.end() && percent < before->second) {
      findings.Add("event: progress runs backwards",
                   fmt::format("{}, after {} %", Show(event), before->second));
    }
    percent_[target] = percent;
  }

  static void CheckLast(const Json& event, Findings& findings) {
    const bool all = event.value("chunk_count", 0) + event.value("failed_chunks", 0) ==
                     event.value("total_chunks", 0);
    if (event.value("status", "") == "success" && (!all || event.value("percent", 0.0) != 100.0)) {
      findings.Add("event: a success that is not whole", Show(event));
    }
    if (event["processing_duration_ms"].is_null()) {
      findings.Add("event: the last one has no duration", Show(event));
    }
  }

  int finals_ = 0;
  std::optional<Json> last_;
  std::string last_time_;
  bool target_known_ = false;
  bool total_known_ = false;
  std::map<std::int64_t, double> percent_;
};

void CheckAgainst(const Truth& truth, const Json& last, Findings& findings) {
  std::int64_t chunks = 0;
  std::int64_t failed = 0;
  for (const TargetTruth& target : truth.targets) {
    if (last["embedded_dataset_id"] != target.embedded_dataset) continue;
    chunks += static_cast<std::int64_t>(target.chunks.size());
    failed += static_cast<std::int64_t>(target.failed.size());
  }
  if (last.value("status", "") != "success") {
    findings.Add("event: the last job failed", Show(last) + ": " + last["error"].dump());
  } else if (last.value("total_chunks", std::int64_t{0}) != chunks ||
             last.value("failed_chunks", std::int64_t{0}) != failed) {
    findings.Add("event: the last job's numbers are not the dataset's",
                 fmt::format("{}; right: {} failed of {}", Show(last), failed, chunks));
  }
}

}  // namespace

void CheckEvents(const Truth& truth, const std::vector<StreamMessage>& events,
                 const std::vector<std::string>& jobs, const std::string& earliest,
                 bool last_job_is_now, Findings& findings) {
  std::map<std::string, JobEvents> by_job;
  for (const std::string& job : jobs) by_job.emplace(job, earliest);
  for (const StreamMessage& message : events) {
    const Json event = Json::parse(message.data, nullptr, false);
    if (!event.is_object()) {
      findings.Add("event: not an object", message.data.substr(0, 80));
      continue;
    }
    const auto job = by_job.find(event.value("job_id", ""));
    if (job != by_job.end()) job->second.Add(event, findings);
  }
  for (const auto& [id, job] : by_job) {
    if (job.finals() == 1) continue;
    findings.Add(job.finals() == 0 ? "event: a job has no last one"
                                   : "event: a job has more than one last one",
                 fmt::format("job {}: {}", id.substr(0, 8), job.finals()));
  }
  if (!last_job_is_now || jobs.empty()) return;
  if (const auto& last = by_job.at(jobs.back()).last()) CheckAgainst(truth, *last, findings);
}

}  // namespace dsw::fault_test
