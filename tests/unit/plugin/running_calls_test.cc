// SPDX-License-Identifier: Apache-2.0
//
// Which calls are told of, and when.
#include "host/plugin/running_calls.h"

#include "host/base/log.h"
#include "host/plugin/call_guard.h"
#include "tests/support/matchers.h"

namespace dsw {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class LogCapture final : public LogBackend {
 public:
  LogCapture() { SetLogBackend(this); }
  ~LogCapture() override { SetLogBackend(nullptr); }
  bool Enabled(LogLevel, std::string_view) const override { return true; }
  void Write(LogLevel, std::string_view, std::string_view message,
             std::span<const LogField> fields) override {
    lines.emplace_back(message);
    for (const LogField& field : fields) {
      if (field.key != "seconds") lines.back() += " " + field.value;
    }
  }
  std::vector<std::string> lines;
};

class RunningCallsTest : public testing::Test {
 protected:
  RunningCallsTest() {
    context_.job_id = "job-17";
    context_.deadline = now_ + seconds(60);
    context_.cancel = stop_.get_token();
  }
  /// Runs `look` while a call into "acme" is under way.
  void During(const std::function<void()>& look) {
    CallGuard guard("acme", 0);
    EXPECT_OK(guard.Call("embed", context_, [&](const dsw_call*, dsw_error*) {
      look();
      return dsw_status{DSW_OK};
    }));
  }
  std::vector<RunningCall> StuckIn(seconds time) { return calls_.FindStuck(now_ + time); }

  RunningCalls& calls_ = RunningCalls::OfProcess();
  const steady_clock::time_point now_ = steady_clock::now();
  std::stop_source stop_;
  CallContext context_;
  LogCapture log_;
};

TEST_F(RunningCallsTest, AreKnownAsLongAsTheyRun) {
  During([&] {
    const std::vector<RunningCall> calls = calls_.List(steady_clock::now() + seconds(42));
    ASSERT_THAT(calls, SizeIs(1));
    EXPECT_EQ(calls[0].Describe(), "acme: embed for job job-17, since 42 s");
    EXPECT_FALSE(calls[0].stuck);
  });
  EXPECT_THAT(calls_.List(now_), IsEmpty());
}

TEST_F(RunningCallsTest, AreStuckWhenTheyAreOverTheirTimeByMoreThanTheGrace) {
  During([&] {
    EXPECT_THAT(StuckIn(seconds(62)), IsEmpty());
    EXPECT_THAT(StuckIn(seconds(63)), SizeIs(1));
    EXPECT_THAT(StuckIn(seconds(70)), SizeIs(1));
    EXPECT_THAT(log_.lines, ElementsAre("a call into a plugin is stuck: it neither returned in "
                                        "time nor on cancel acme embed job-17"));
  });
  EXPECT_THAT(log_.lines,
              ElementsAre(testing::_, "a call that was stuck has returned acme embed job-17"));
}

TEST_F(RunningCallsTest, AreStuckWhenTheyIgnoreThatTheyAreCancelled) {
  During([&] {
    EXPECT_THAT(StuckIn(seconds(1)), IsEmpty());
    stop_.request_stop();
    EXPECT_THAT(StuckIn(seconds(2)), IsEmpty());
    EXPECT_THAT(StuckIn(seconds(4)), IsEmpty());
    EXPECT_THAT(StuckIn(seconds(5)), SizeIs(1));
  });
}

TEST_F(RunningCallsTest, MayTakeAsLongAsTheyLikeWithoutADeadline) {
  context_.deadline = steady_clock::time_point::max();
  During([&] { EXPECT_THAT(StuckIn(std::chrono::hours(24)), IsEmpty()); });
  EXPECT_THAT(log_.lines, IsEmpty());
}

TEST_F(RunningCallsTest, CodeThatIsGivenNoDeadlineHasAMinute) {
  const RunningCalls::Entry entry("acme.so", "load");
  EXPECT_THAT(StuckIn(seconds(62)), IsEmpty());
  EXPECT_THAT(StuckIn(seconds(3600)), SizeIs(1));
}

}  // namespace
}  // namespace dsw
