// SPDX-License-Identifier: Apache-2.0
//
// Once asked for, the end of the process comes whatever hangs.
#include "host/app/shutdown.h"

#include <cstdio>

#include <signal.h>
#include <unistd.h>

#include "host/base/log.h"
#include "tests/support/matchers.h"

namespace dsw {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

class LogToStderr final : public LogBackend {
 public:
  LogToStderr() { SetLogBackend(this); }
  bool Enabled(LogLevel, std::string_view) const override { return true; }
  void Write(LogLevel, std::string_view, std::string_view message,
             std::span<const LogField> fields) override {
    std::fprintf(stderr, "%s", std::string(message).c_str());
    for (const LogField& field : fields) std::fprintf(stderr, " %s", field.value.c_str());
    std::fprintf(stderr, "\n");
  }
};

/// What hangs, for as long as anything may.
[[noreturn]] void Hang() {
  while (true) pause();
}

class ShutdownTest : public testing::Test {
 protected:
  ShutdownTest() { testing::FLAGS_gtest_death_test_style = "threadsafe"; }

  static std::unique_ptr<Shutdown> Watch(ShutdownOptions options) {
    auto watching = Shutdown::Watch(std::move(options));
    EXPECT_OK(watching);
    return *std::move(watching);
  }
};

TEST_F(ShutdownTest, BeginsWithASignal) {
  const auto shutdown = Watch({.patience = hours(1)});
  EXPECT_FALSE(shutdown->Wait(milliseconds(0)));
  EXPECT_EQ(shutdown->patience_ends(), Shutdown::TimePoint::max());
  const auto before = std::chrono::steady_clock::now();
  kill(getpid(), SIGTERM);
  EXPECT_TRUE(shutdown->Wait(hours(1)));
  EXPECT_TRUE(shutdown->token().stop_requested());
  EXPECT_GE(shutdown->patience_ends(), before + hours(1));
}

TEST_F(ShutdownTest, MayBeginWithoutOne) {
  const auto shutdown = Watch({.patience = hours(1)});
  shutdown->Begin();
  const auto ends = shutdown->patience_ends();
  shutdown->Begin();
  EXPECT_TRUE(shutdown->Wait(hours(1)));
  EXPECT_EQ(shutdown->patience_ends(), ends);
}

TEST_F(ShutdownTest, EndsTheProcessWhenPatienceAndGraceAreOverAndSaysWhatHangs) {
  const auto hang = [] {
    const LogToStderr log;
    const auto shutdown =
        Watch({.patience = milliseconds(1), .grace = milliseconds(1), .still_running = [] {
                 return std::vector<std::string>{"acme: embed, since 7 s"};
               }});
    shutdown->Enter("loading plugins");
    kill(getpid(), SIGINT);
    Hang();
  };
  EXPECT_EXIT(hang(), testing::ExitedWithCode(1),
              "takes too long.* loading plugins acme: embed, since 7 s");
}

TEST_F(ShutdownTest, EndsTheProcessAtOnceWithTheSecondSignal) {
  const auto hang = [] {
    const auto shutdown = Watch({.patience = hours(1)});
    kill(getpid(), SIGTERM);
    shutdown->Wait(hours(1));
    kill(getpid(), SIGTERM);
    Hang();
  };
  EXPECT_EXIT(hang(), testing::ExitedWithCode(1), "");
}

TEST_F(ShutdownTest, ASignalAfterABeginningWithoutOneIsNotTheSecond) {
  const auto shutdown = Watch({.patience = hours(1)});
  shutdown->Begin();
  kill(getpid(), SIGTERM);
  EXPECT_TRUE(shutdown->Wait(hours(1)));
}

}  // namespace
}  // namespace dsw
