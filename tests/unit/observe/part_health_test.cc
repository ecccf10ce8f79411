// SPDX-License-Identifier: Apache-2.0
//
// When a part counts as broken, and when it is looked at again.
#include "host/observe/part_health.h"

#include "tests/support/matchers.h"

namespace dsw {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const Error kRefused{.code = Code::kUnauthenticated, .message = "the key is refused"};
const Status kDown = Fail(Code::kUnavailable, "down");

class PartHealthTest : public testing::Test {
 protected:
  /// Runs the check when it is due; how long that was from now.
  seconds CheckWhenDue(const Status& result) {
    const auto waited = part_.due() - now_;
    now_ = part_.due();
    part_.CheckBegins(now_);
    part_.CheckEnds(now_, result);
    return std::chrono::duration_cast<seconds>(waited);
  }

  PartHealth::TimePoint now_{std::chrono::hours(1)};
  PartHealth part_{true, {}};
};

TEST_F(PartHealthTest, IsNotWellBeforeItIsKnown) {
  EXPECT_FALSE(part_.Known(now_));
  EXPECT_FAIL(part_.Finding(now_), Code::kUnavailable, "not checked yet");
  EXPECT_LE(part_.due(), now_);
}

TEST_F(PartHealthTest, FollowsItsCheck) {
  now_ = PartHealth::TimePoint(seconds(100));
  part_.CheckBegins(now_);
  part_.CheckEnds(now_, {});
  EXPECT_OK(part_.Finding(now_));
  EXPECT_EQ(CheckWhenDue(kDown), seconds(2));
  EXPECT_FAIL(part_.Finding(now_), Code::kUnavailable, "down");
  EXPECT_EQ(CheckWhenDue({}), seconds(2));
  EXPECT_OK(part_.Finding(now_));
}

TEST_F(PartHealthTest, ACheckThatDoesNotReturnHasFailed) {
  part_.CheckBegins(now_);
  part_.CheckEnds(now_, {});
  now_ += seconds(2);
  part_.CheckBegins(now_);
  EXPECT_EQ(part_.NextChange(now_), now_ + seconds(5));
  now_ += milliseconds(4'999);
  EXPECT_OK(part_.Finding(now_));
  now_ += milliseconds(1);
  EXPECT_FAIL(part_.Finding(now_), Code::kTimeout, "no answer for 5 s");
  now_ += seconds(40);
  EXPECT_FAIL(part_.Finding(now_), Code::kTimeout, "no answer for 45 s");
  part_.CheckEnds(now_, {});
  EXPECT_OK(part_.Finding(now_));
}

TEST_F(PartHealthTest, OneThatNeverReturnedIsKnownToBeBroken) {
  part_.CheckBegins(now_);
  EXPECT_FALSE(part_.Known(now_ + seconds(4)));
  EXPECT_TRUE(part_.Known(now_ + seconds(5)));
}

TEST_F(PartHealthTest, StaysClosedAfterAReportUntilACheckSucceeds) {
  CheckWhenDue({});
  now_ += seconds(1);
  part_.Report(now_, kRefused);
  EXPECT_FAIL(part_.Finding(now_), Code::kUnauthenticated, "the key is refused");
  for (const int pause : {1, 2, 4, 8, 15, 15}) {
    EXPECT_FALSE(part_.Finding(now_));
    EXPECT_EQ(CheckWhenDue(kDown), seconds(pause));
  }
  EXPECT_FAIL(part_.Finding(now_), Code::kUnavailable, "down");
  EXPECT_EQ(CheckWhenDue({}), seconds(15));
  EXPECT_OK(part_.Finding(now_));
  EXPECT_EQ(part_.due(), now_ + seconds(2));
}

TEST_F(PartHealthTest, ACheckThatBeganBeforeTheReportDoesNotOpenIt) {
  part_.CheckBegins(now_);
  part_.Report(now_, kRefused);
  part_.CheckEnds(now_, {});
  EXPECT_FALSE(part_.Finding(now_));
  EXPECT_EQ(CheckWhenDue({}), seconds(1));
  EXPECT_OK(part_.Finding(now_));
}

TEST_F(PartHealthTest, PausesGrowWhileItsCheckSucceedsAndJobsFail) {
  for (const int pause : {1, 2, 4, 8, 16, 32, 60, 60}) {
    part_.Report(now_, kRefused);
    part_.Report(now_, kRefused);  // Several jobs at a time count once.
    EXPECT_EQ(CheckWhenDue({}), seconds(pause));
    now_ += seconds(59);
  }
  now_ += seconds(1);
  part_.Report(now_, kRefused);
  EXPECT_EQ(CheckWhenDue({}), seconds(1));
}

TEST_F(PartHealthTest, WithoutACheckItOpensAfterThePause) {
  part_ = PartHealth(false, {});
  EXPECT_TRUE(part_.Forgettable(now_));
  for (const int pause : {1, 2, 4}) {
    part_.Report(now_, kRefused);
    EXPECT_FALSE(part_.Finding(now_));
    EXPECT_EQ(part_.NextChange(now_), now_ + seconds(pause));
    now_ += seconds(pause);
    EXPECT_OK(part_.Finding(now_));
    EXPECT_FALSE(part_.Forgettable(now_));
  }
  now_ += minutes(1);
  EXPECT_TRUE(part_.Forgettable(now_));
}

}  // namespace
}  // namespace dsw
