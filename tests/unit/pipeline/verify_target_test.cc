// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/verify_target.h"

#include <gtest/gtest.h>

#include "tests/unit/pipeline/verify_fixture.h"

namespace dsw {
namespace {

constexpr char kOwnStamp[] = R"({"_dsw":{"ed":7,"h":"0","m":"0","t":1}})";
constexpr char kOtherStamp[] = R"({"_dsw":{"ed":8,"h":"0","m":"0","t":99}})";

using VerifyTargetTest = VerifyFixture;

TEST_F(VerifyTargetTest, NothingIsWrongAfterAJob) {
  const Verification found = Verify();
  EXPECT_EQ(Text(found), "6/6 0 0 0 0");
  EXPECT_TRUE(found.clean());
}

TEST_F(VerifyTargetTest, TellsApartWhatIsWrong) {
  Drop({1, 0});
  AddPoint(PointId(7, {3, 0}), kOwnStamp);
  store_.items[1].chunks[1] = "another text";
  Stamp({2, 0}, "m", "another");
  const Verification found = Verify();
  EXPECT_EQ(Text(found), "6/6 1 1 1 1");
  EXPECT_FALSE(found.clean());
  EXPECT_TRUE(store_.forgotten.empty());
  EXPECT_TRUE(sink().removed.empty());
}

TEST_F(VerifyTargetTest, AnotherMakerThanThePresentOneIsAnotherModel) {
  plugins_.embedder->facts.dimensions = 3;
  EXPECT_EQ(Text(Verify()), "6/6 0 0 0 6");
}

TEST_F(VerifyTargetTest, OnlyAVectorTellsSomeDimensions) {
  plugins_.embedder->facts.dimensions = 0;
  EXPECT_EQ(Text(Verify()), "6/6 0 0 0 0");
  EXPECT_EQ(plugins_.embedder->calls.size(), 1U);
}

TEST_F(VerifyTargetTest, AFailedChunkIsToHaveNoPoint) {
  store_.failed_chunks.push_back({.position = {1, 1}, .reason = "poison"});
  EXPECT_EQ(Text(Verify()), "6/6 0 1 0 0");
  Drop({1, 1});
  EXPECT_EQ(Text(Verify()), "5/6 0 0 0 0");
}

TEST_F(VerifyTargetTest, PendingChunksMayOrMayNotHaveAPointOfTheirText) {
  store_.recorded[7].erase({1, 0});
  store_.recorded[7].erase({1, 1});
  Drop({1, 0});
  Stamp({1, 1}, "m", "another");
  const Verification found = Verify();
  EXPECT_EQ(Text(found), "5/6 0 0 0 0");
  EXPECT_EQ(found.pending, 2);
  store_.items[1].chunks[1] = "another text";
  EXPECT_EQ(Text(Verify()), "5/6 0 0 1 0");
}

TEST_F(VerifyTargetTest, PointsOfOthersAreNotCounted) {
  AddPoint(PointId(8, {1, 0}), kOtherStamp);
  AddPoint("17", "{}");
  AddPoint("0b7f5a8e-3a52-4c8e-9a55-111111111111", "{}");
  const Verification found = Verify();
  EXPECT_EQ(Text(found), "6/6 0 0 0 0");
  EXPECT_TRUE(found.clean());
}

TEST_F(VerifyTargetTest, PointsOfAnEarlierVersionCountAsPresent) {
  Unstamp({1, 0});
  EXPECT_EQ(Text(Verify()), "6/6 0 0 0 0");
}

TEST_F(VerifyTargetTest, PointsOfAnEarlierVersionAreOrphansOnlyInACollectionOfTheTargetsOwn) {
  AddPoint(PointId(7, {9, 0}), "{}");
  EXPECT_EQ(Text(Verify()), "7/6 0 1 0 0");
  store_.shared = true;
  EXPECT_EQ(Text(Verify()), "6/6 0 0 0 0");
}

TEST_F(VerifyTargetTest, FindsTheSameInSeveralPasses) {
  store_.AddItem(std::vector<std::string>(40, "text"));
  FakeDelivery more(R"({"job_id":"j2","dataset_transform_id":1})");
  Handle(more);
  ASSERT_EQ(sink().points.size(), 46U);
  Drop({3, 5});
  Drop({3, 6});
  AddPoint(PointId(7, {3, 40}), kOwnStamp);
  AddPoint("17", "{}");
  Stamp({3, 7}, "h", "0");
  const int opened = store_.expected_opened;
  EXPECT_EQ(Text(Verify({.chunks_per_pass = 5, .points_per_page = 3})), "45/46 2 1 1 0");
  EXPECT_EQ(store_.expected_opened - opened, 10);
  EXPECT_EQ(Text(Verify()), "45/46 2 1 1 0");
}

TEST_F(VerifyTargetTest, TokensThatTheDatabaseWouldNotGiveYetAreWrong) {
  Stamp({2, 2}, "t", 50);
  const Verification found = Verify();
  EXPECT_EQ(Text(found), "6/6 0 0 0 0");
  EXPECT_EQ(found.future_token, 50);
  EXPECT_FALSE(found.clean());
}

TEST_F(VerifyTargetTest, ACollectionThatIsGoneHoldsNothing) {
  sink().scan_error = Error{Code::kNotFound, "no such collection"};
  EXPECT_EQ(Text(Verify()), "0/6 6 0 0 0");
}

TEST_F(VerifyTargetTest, ASinkThatCannotListIsSaidSo) {
  sink().scan_error = Error{Code::kInvalid, "the sink \"fake\" cannot list its points"};
  EXPECT_FAIL(VerifyTarget(store_.plan, store_.plan.targets[0], worker_, {}), Code::kInvalid,
              "collection collection cannot be verified: the sink \"fake\" cannot list");
}

}  // namespace
}  // namespace dsw
