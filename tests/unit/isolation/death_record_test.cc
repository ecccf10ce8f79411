// SPDX-License-Identifier: Apache-2.0
#include "host/isolation/death_record.h"

#include <gtest/gtest.h>

namespace dsw {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class DeathRecordTest : public testing::Test {
 protected:
  milliseconds PauseAfterDeath() {
    now_ += seconds(1);
    record_.Died(now_);
    return std::chrono::duration_cast<milliseconds>(record_.next_start() - now_);
  }

  DeathRecord::TimePoint now_{std::chrono::hours(1)};
  DeathRecord record_;
};

TEST_F(DeathRecordTest, PausesLongerAfterEachDeathUntilSomethingOfUseHappens) {
  EXPECT_EQ(PauseAfterDeath(), milliseconds(100));
  EXPECT_EQ(PauseAfterDeath(), milliseconds(200));
  EXPECT_EQ(PauseAfterDeath(), milliseconds(400));
  record_.Served();
  EXPECT_EQ(PauseAfterDeath(), milliseconds(100));
  for (int i = 0; i < 10; ++i) PauseAfterDeath();
  EXPECT_EQ(PauseAfterDeath(), DeathRecord::kLongestPause);
}

TEST_F(DeathRecordTest, QuarantinesWhatOnlyDies) {
  for (std::size_t i = 1; i < DeathRecord::kMost; ++i) PauseAfterDeath();
  EXPECT_FALSE(record_.quarantined());
  PauseAfterDeath();
  EXPECT_TRUE(record_.quarantined());
  record_.Clear();
  EXPECT_FALSE(record_.quarantined());
  EXPECT_EQ(PauseAfterDeath(), milliseconds(100));
}

TEST_F(DeathRecordTest, ForgetsDeathsThatAreLongAgo) {
  for (std::size_t i = 1; i < DeathRecord::kMost; ++i) PauseAfterDeath();
  now_ += DeathRecord::kWindow;
  PauseAfterDeath();
  EXPECT_FALSE(record_.quarantined());
}

TEST_F(DeathRecordTest, DoesNotBlameAPluginForAProcessThatTheMachineRefuses) {
  for (std::size_t i = 0; i < 2 * DeathRecord::kMost; ++i) record_.NotStarted(now_);
  EXPECT_FALSE(record_.quarantined());
  EXPECT_EQ(record_.next_start(), now_ + DeathRecord::kLongestPause);
}

}  // namespace
}  // namespace dsw
