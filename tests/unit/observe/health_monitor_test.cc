// SPDX-License-Identifier: Apache-2.0
//
// What is known stays known whatever hangs, and jobs wait for what is broken.
#include "host/observe/health_monitor.h"

#include <future>

#include <fmt/format.h>

#include "host/base/log.h"
#include "tests/support/matchers.h"
#include "tests/support/process.h"

namespace dsw {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

/// Keeps what is logged while it lives.
class LogCapture final : public LogBackend {
 public:
  LogCapture() { SetLogBackend(this); }
  ~LogCapture() override { SetLogBackend(nullptr); }
  bool Enabled(LogLevel, std::string_view) const override { return true; }
  void Write(LogLevel level, std::string_view, std::string_view message,
             std::span<const LogField> fields) override {
    const std::lock_guard lock(mutex_);
    std::string line = fmt::format("{} {}", level == LogLevel::kWarn ? "warn" : "info", message);
    for (const LogField& field : fields) line += fmt::format(" {}={}", field.key, field.value);
    lines_.push_back(std::move(line));
  }
  std::vector<std::string> lines() {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

/// As fast as can be; no check hangs, however busy the machine is.
constexpr HealthTiming kQuick{.every = milliseconds(1),
                              .answer_within = hours(1),
                              .first_pause = milliseconds(1),
                              .longest_pause = milliseconds(1),
                              .longest_repeated = milliseconds(1),
                              .soon = milliseconds(1)};

class HealthMonitorTest : public testing::Test {
 protected:
  std::unique_ptr<HealthMonitor> Start(std::vector<ReadinessCheck> checks,
                                       const HealthTiming& timing = kQuick) {
    auto started = HealthMonitor::Start(
        std::move(checks), [this](bool ready) { told_ = ready; }, timing);
    EXPECT_OK(started);
    return *std::move(started);
  }

  LogCapture log_;
  std::atomic<bool> told_{false};
};

TEST_F(HealthMonitorTest, IsReadyOnceAllChecksHaveSucceeded) {
  std::promise<void> go;
  const auto monitor = Start({{"quick", [] { return Status(); }},
                              {"slow",
                               [gone = go.get_future().share()] {
                                 gone.wait();
                                 return Status();
                               }}},
                             {.answer_within = hours(1)});
  EXPECT_FALSE(monitor->Readiness().ready);
  auto waiting = std::async(std::launch::async, [&] { return monitor->WaitUntilReady({}); });
  go.set_value();
  EXPECT_TRUE(waiting.get());
  EXPECT_TRUE(monitor->Readiness().ready);
  EXPECT_TRUE(Eventually([&] { return told_.load(); }));
  EXPECT_TRUE(log_.lines().empty());
}

TEST_F(HealthMonitorTest, ACheckThatHangsHoldsUpNothingElse) {
  std::promise<void> go;
  std::atomic<bool> works{true};
  HealthTiming timing = kQuick;
  timing.answer_within = milliseconds(20);
  const auto hang = [gone = go.get_future().share()] {
    gone.wait();
    return Status();
  };
  const auto other = [&] { return works ? Status() : Status(Fail(Code::kUnavailable, "gone")); };
  const auto monitor = Start({{"hangs", hang}, {"other", other}}, timing);
  const auto finding = [&](std::size_t at) { return monitor->Readiness().findings.at(at).status; };
  EXPECT_TRUE(Eventually([&] { return finding(1).has_value(); }));
  EXPECT_TRUE(Eventually([&] { return finding(0).error().code == Code::kTimeout; }));
  works = false;
  EXPECT_TRUE(Eventually([&] { return !finding(1); }));
  go.set_value();
  EXPECT_TRUE(Eventually([&] { return finding(0).has_value(); }));
}

TEST_F(HealthMonitorTest, SaysOnceWhatIsLostAndRegained) {
  std::atomic<bool> works{true};
  const auto monitor = Start(
      {{"sink", [&] { return works ? Status() : Status(Fail(Code::kUnavailable, "gone")); }}});
  ASSERT_TRUE(monitor->WaitUntilReady({}));
  works = false;
  ASSERT_TRUE(Eventually([&] { return log_.lines().size() == 1; }));
  EXPECT_TRUE(Eventually([&] { return !told_; }));
  works = true;
  ASSERT_TRUE(Eventually([&] { return log_.lines().size() == 2; }));
  EXPECT_TRUE(Eventually([&] { return told_.load(); }));
  EXPECT_EQ(log_.lines()[0],
            "warn not ready: something that the worker needs does not work part=sink "
            "code=unavailable error=gone");
  EXPECT_EQ(log_.lines()[1], "info works again part=sink");
}

TEST_F(HealthMonitorTest, WhatJobsReportKeepsThemFromWorking) {
  const auto monitor = Start({{"sink", [] { return Status(); }}}, {.first_pause = hours(1)});
  ASSERT_TRUE(monitor->WaitUntilReady({}));
  monitor->Report("sink", {.code = Code::kUnauthenticated, .message = "the key is refused"});
  std::stop_source stop;
  auto waiting =
      std::async(std::launch::async, [&] { return monitor->WaitUntilReady(stop.get_token()); });
  EXPECT_FAIL(monitor->Readiness().findings.at(0).status, Code::kUnauthenticated, "refused");
  stop.request_stop();
  EXPECT_FALSE(waiting.get());
}

TEST_F(HealthMonitorTest, AProbeThatSucceedsEndsThePause) {
  const auto monitor = Start({{"sink", [] { return Status(); }}});
  ASSERT_TRUE(monitor->WaitUntilReady({}));
  monitor->Report("sink", {.code = Code::kUnauthenticated, .message = "the key is refused"});
  EXPECT_TRUE(monitor->WaitUntilReady({}));
}

TEST_F(HealthMonitorTest, APartWithoutACheckIsLeftToTheNextJob) {
  const auto monitor = Start({});
  monitor->Report("provider acme", {.code = Code::kInvalid, .message = "no such folder"});
  EXPECT_TRUE(monitor->WaitUntilReady({}));
}

TEST_F(HealthMonitorTest, ACheckThatThrowsHasFailed) {
  const auto monitor = Start({{"odd", []() -> Status { throw std::runtime_error("what a day"); }}});
  ASSERT_TRUE(Eventually(
      [&] { return monitor->Readiness().findings.at(0).status.error().code == Code::kInternal; }));
  EXPECT_FAIL(monitor->Readiness().findings.at(0).status, Code::kInternal, "what a day");
}

}  // namespace
}  // namespace dsw
