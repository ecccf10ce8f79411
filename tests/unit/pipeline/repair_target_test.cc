// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/repair_target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/pipeline/verify_fixture.h"

namespace dsw {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class RepairTargetTest : public VerifyFixture {
 protected:
  Result<Repair> RepairIt() {
    Job job;
    job.job_id = "verify-1";
    job.dataset_transform_id = 1;
    job.embedded_dataset_id = 7;
    return RepairTarget(job, worker_, {});
  }
};

TEST_F(RepairTargetTest, MendsWhatIsWrongAndNothingElse) {
  Drop({1, 0});
  const std::string orphan = PointId(7, {3, 0});
  AddPoint(orphan, R"({"_dsw":{"ed":7,"h":"0","m":"0","t":1}})");
  Stamp({1, 2}, "h", "0");
  Stamp({2, 0}, "m", "another");
  ASSERT_OK_AND_ASSIGN(const Repair repair, RepairIt());
  EXPECT_EQ(Text(repair.found), "6/6 1 1 1 1");
  EXPECT_EQ(repair.embedded, 3);
  EXPECT_EQ(repair.removed, 1);
  EXPECT_THAT(sink().removed, ElementsAre(orphan));
  EXPECT_THAT(plugins_.embedder->calls, ElementsAre(ElementsAre("a", "ccc", "dddd")));
  EXPECT_THAT(store_.finished, ElementsAre(7));
  EXPECT_EQ(Text(Verify()), "6/6 0 0 0 0");
}

TEST_F(RepairTargetTest, EmbedsWhatIsPendingToo) {
  store_.AddItem({"new"});
  ASSERT_OK_AND_ASSIGN(const Repair repair, RepairIt());
  EXPECT_EQ(repair.found.pending, 1);
  EXPECT_EQ(repair.embedded, 1);
  EXPECT_EQ(Text(Verify()), "7/7 0 0 0 0");
}

TEST_F(RepairTargetTest, WritesWithATokenBeyondAllThatThePointsHave) {
  Stamp({1, 0}, "t", 50);
  Stamp({1, 0}, "h", "0");
  AddPoint(PointId(7, {3, 0}), R"({"_dsw":{"ed":7,"h":"0","m":"0","t":60}})");
  ASSERT_OK(RepairIt());
  const Verification found = Verify();
  EXPECT_EQ(Text(found), "6/6 0 0 0 0");
  EXPECT_TRUE(found.clean());
}

TEST_F(RepairTargetTest, LeavesATargetAloneThatAJobIsAt) {
  Drop({1, 0});
  store_.claim_error = Error{Code::kHeld, "worker w is at it"};
  EXPECT_FAIL(RepairIt(), Code::kHeld, "try again later: worker w is at it");
  EXPECT_THAT(store_.ended, IsEmpty());
  EXPECT_TRUE(store_.forgotten.empty());
}

TEST_F(RepairTargetTest, ChangesNothingOnceTheClaimIsLost) {
  Drop({1, 0});
  store_.renew_error = Error{Code::kFenced, "somebody took over"};
  EXPECT_FAIL(RepairIt(), Code::kFenced);
  EXPECT_TRUE(store_.forgotten.empty());
  EXPECT_EQ(store_.ended.size(), 1U);
}

TEST_F(RepairTargetTest, WhatCouldNotBeEmbeddedIsPending) {
  Drop({1, 0});
  plugins_.embedder->fail = [](auto) { return Error{Code::kUnauthenticated, "no key"}; };
  EXPECT_FAIL(RepairIt(), Code::kUnauthenticated);
  EXPECT_EQ(store_.ended.size(), 1U);
  plugins_.embedder->fail = nullptr;
  const Verification found = Verify();
  EXPECT_EQ(found.pending, 1);
  EXPECT_TRUE(found.clean());
}

}  // namespace
}  // namespace dsw
