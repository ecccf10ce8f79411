// SPDX-License-Identifier: Apache-2.0
//
// Readiness asks each of its checks, but not too often.
#include "host/observe/readiness.h"

#include "tests/support/manual_clock.h"
#include "tests/support/matchers.h"

namespace dsw {
namespace {

using std::chrono::milliseconds;

TEST(ReadinessTest, NeedsEveryCheck) {
  const ManualClock clock;
  Readiness readiness({{"good", [] { return Status(); }},
                       {"bad", [] { return Status(Fail(Code::kTimeout, "too slow")); }},
                       {"also good", [] { return Status(); }}},
                      clock);
  const Readiness::Report report = readiness.Check();
  EXPECT_FALSE(report.ready);
  ASSERT_EQ(report.findings.size(), 3U);
  EXPECT_EQ(report.findings[0].name, "good");
  EXPECT_OK(report.findings[0].status);
  EXPECT_FAIL(report.findings[1].status, Code::kTimeout, "too slow");
  EXPECT_OK(report.findings[2].status);
}

TEST(ReadinessTest, RepeatsWhatItHeardForASecond) {
  ManualClock clock;
  int asked = 0;
  bool good = true;
  Readiness readiness({{"changing",
                        [&] {
                          ++asked;
                          return good ? Status() : Status(Fail(Code::kUnavailable, "gone"));
                        }}},
                      clock);
  EXPECT_TRUE(readiness.Check().ready);
  good = false;
  clock.Advance(milliseconds(999));
  EXPECT_TRUE(readiness.Check().ready);
  EXPECT_EQ(asked, 1);
  clock.Advance(milliseconds(1));
  EXPECT_FALSE(readiness.Check().ready);
  EXPECT_EQ(asked, 2);
}

}  // namespace
}  // namespace dsw
