// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/range_slots.h"

#include <gtest/gtest.h>

#include "tests/support/matchers.h"

namespace dsw {
namespace {

TEST(RangeSlotsTest, LeaveOneThreadToOthers) {
  RangeSlots slots(3);
  ASSERT_OK_AND_ASSIGN(const RangeSlots::Slot first, slots.Take(1));
  {
    ASSERT_OK_AND_ASSIGN(const RangeSlots::Slot second, slots.Take(1));
    EXPECT_FAIL(slots.Take(1), Code::kHeld);
    EXPECT_OK(slots.Take(2));
  }
  EXPECT_OK(slots.Take(1));
}

TEST(RangeSlotsTest, AWorkerOfOneThreadTakesOne) {
  RangeSlots slots(1);
  ASSERT_OK_AND_ASSIGN(const RangeSlots::Slot only, slots.Take(1));
  EXPECT_FAIL(slots.Take(1), Code::kHeld);
}

}  // namespace
}  // namespace dsw
