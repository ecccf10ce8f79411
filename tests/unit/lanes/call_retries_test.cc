// SPDX-License-Identifier: Apache-2.0
#include "host/lanes/call_retries.h"

#include <gtest/gtest.h>

namespace dsw {
namespace {

using std::chrono::milliseconds;

constexpr double kMiddle = 0.5;

std::optional<milliseconds> Delay(Code code, std::uint32_t attempt, double jitter = kMiddle) {
  return CallRetryDelay(Error{code, "", Origin::kEmbedder}, attempt, jitter, CallPolicy{});
}

TEST(CallRetriesTest, TheDelayDoublesUntilTheAttemptsAreUsedUp) {
  EXPECT_EQ(Delay(Code::kUnavailable, 1), milliseconds(1000));
  EXPECT_EQ(Delay(Code::kTimeout, 2), milliseconds(2000));
  EXPECT_EQ(Delay(Code::kRateLimited, 3), milliseconds(4000));
  EXPECT_EQ(Delay(Code::kUnavailable, 4), std::nullopt);
}

TEST(CallRetriesTest, JitterSpreadsTheDelay) {
  EXPECT_EQ(Delay(Code::kUnavailable, 1, 0.0), milliseconds(750));
  EXPECT_EQ(Delay(Code::kUnavailable, 1, 0.999999), milliseconds(1249));
}

TEST(CallRetriesTest, NoDelayIsLongerThanAMinute) {
  const CallPolicy policy{.retries = 100};
  EXPECT_EQ(CallRetryDelay(Error{Code::kUnavailable, "", Origin::kEmbedder}, 90, kMiddle, policy),
            std::chrono::minutes(1));
}

TEST(CallRetriesTest, FinalFailuresAreNotRepeated) {
  for (const Code code : {Code::kInvalid, Code::kTooLarge, Code::kNotFound, Code::kConflict,
                          Code::kUnauthenticated, Code::kQuota, Code::kCancelled}) {
    EXPECT_EQ(Delay(code, 1), std::nullopt) << CodeName(code);
  }
}

TEST(CallRetriesTest, AnInternalErrorIsRepeatedOnce) {
  EXPECT_TRUE(Delay(Code::kInternal, 1));
  EXPECT_FALSE(Delay(Code::kInternal, 2));
}

TEST(CallRetriesTest, WaitsAsLongAsTheUpstreamAskedWithinAMinute) {
  const Error patient{Code::kRateLimited, "", Origin::kEmbedder, std::chrono::seconds(20)};
  EXPECT_EQ(CallRetryDelay(patient, 1, kMiddle, CallPolicy{}), std::chrono::seconds(20));
  const Error too_patient{Code::kRateLimited, "", Origin::kEmbedder, std::chrono::seconds(61)};
  EXPECT_EQ(CallRetryDelay(too_patient, 1, kMiddle, CallPolicy{}), std::nullopt);
}

}  // namespace
}  // namespace dsw
