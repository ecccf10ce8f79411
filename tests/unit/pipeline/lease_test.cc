// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/lease.h"

#include <gtest/gtest.h>

#include "tests/support/fakes.h"
#include "tests/support/manual_clock.h"
#include "tests/support/matchers.h"

namespace dsw {
namespace {

using std::chrono::hours;

class LeaseTest : public testing::Test {
 protected:
  FakeStore store_;
  FakeClaim claim_{store_, 7};
  ManualClock clock_;
  Lease lease_{claim_, clock_.Now(), hours(3), clock_};
};

TEST_F(LeaseTest, IsHeldForItsTimeWithoutAsking) {
  store_.renew_error = Error{Code::kUnavailable, "no database"};
  clock_.Advance(hours(2));
  EXPECT_OK(lease_.Held());
}

TEST_F(LeaseTest, AfterItsTimeTheDatabaseDecides) {
  clock_.Advance(hours(4));
  EXPECT_OK(lease_.Held());
  store_.renew_error = Error{Code::kUnavailable, "no database"};
  clock_.Advance(hours(2));
  EXPECT_OK(lease_.Held()) << "renewed by the question before";
  clock_.Advance(hours(2));
  EXPECT_FAIL(lease_.Held(), Code::kUnavailable);
}

TEST_F(LeaseTest, OnceLostItStaysLost) {
  store_.renew_error = Error{Code::kFenced, "taken over"};
  clock_.Advance(hours(4));
  EXPECT_FAIL(lease_.Held(), Code::kFenced);
  store_.renew_error.reset();
  EXPECT_FAIL(lease_.Held(), Code::kFenced);
}

}  // namespace
}  // namespace dsw
