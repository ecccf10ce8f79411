// SPDX-License-Identifier: Apache-2.0
//
// Jobs of one transform that overlap: each chunk is paid for once, each job ends once.
#include <csignal>

#include "tests/fault/fault_test.h"

namespace dsw::fault_test {
namespace {

constexpr char kSlow[] = R"({"id":"slow","at":"before_embed","do":"sleep","ms":30})";
constexpr std::size_t kChunks = 200;
constexpr int kBatch = 10;
constexpr int kWindow = 2;

class OverlapTest : public FaultTest {
 protected:
  OverlapTest() { world_.Set("BATCHES_IN_FLIGHT", std::to_string(kWindow)); }

  std::int64_t ImportChunks(const std::string& dataset) {
    return world_.Import(dataset, 20, static_cast<int>(kChunks) / 20, kBatch);
  }
  /// Two workers, until nothing is left.
  void RunTwo() {
    Process one = world_.Start("one", {}, {"--until-idle"});
    Process two = world_.Start("two", {}, {"--until-idle"});
    ASSERT_TRUE(one.Wait(std::chrono::seconds(60)));
    ASSERT_TRUE(two.Wait(std::chrono::seconds(60)));
    ASSERT_TRUE(world_.Drain());
  }
};

TEST_F(OverlapTest, FullJobsEmbedEachChunkOnceEachAndRecordItWhole) {
  // More than a page: such an item is read through a cursor.
  const std::int64_t transform = world_.Import("whole", 1, 1500, 50);
  world_.Script(kSlow);
  world_.SubmitJob(transform, "full");
  world_.SubmitJob(transform, "full");
  RunTwo();
  EXPECT_EQ(world_.Paid().size(), 3000U) << "each chunk once for each job that was asked for";
  ExpectClean(transform);
  const std::size_t paid = world_.Paid().size();
  ASSERT_TRUE(world_.NextJob(transform));
  EXPECT_EQ(world_.Paid().size(), paid) << "nothing is left for an incremental job";
  ExpectClean(transform);
}

TEST_F(OverlapTest, OneTransformSubmittedFiveTimesIsPaidForOnce) {
  const std::int64_t transform = ImportChunks("five jobs");
  world_.Script(kSlow);
  for (int i = 0; i < 5; ++i) world_.SubmitJob(transform);
  RunTwo();
  EXPECT_LE(world_.Paid().size(), kChunks + kWindow * kBatch);
  ExpectClean(transform);
}

TEST_F(OverlapTest, OneJobPublishedFiveTimesIsPaidForOnceAndEndsOnce) {
  const std::int64_t transform = ImportChunks("one job");
  ASSERT_TRUE(world_.Drain()) << "makes the streams";
  world_.Script(kSlow);
  for (int i = 0; i < 5; ++i) world_.PublishJobNamed("the same", transform);
  RunTwo();
  EXPECT_LE(world_.Paid().size(), kChunks + kWindow * kBatch);
  EXPECT_EQ(world_.LastEventsOf("the same").size(), 1U);
  ExpectClean(transform);
}

TEST_F(OverlapTest, AWorkerThatLostItsJobPaysNothingMoreAndReportsNothing) {
  const std::int64_t transform = ImportChunks("lost");
  world_.Script(std::string(kSlow) +
                R"(,{"id":"stop","at":"before_embed","do":"stop","worker":"one","after":4,
                     "times":1})");
  const std::string job = world_.SubmitJob(transform);
  // Stopped in the middle of a second batch it would disown that one's points, for the next job.
  Process one = world_.Start("one", {{"BATCHES_IN_FLIGHT", "1"}}, {"--until-idle"});
  ASSERT_TRUE(world_.AwaitFired("stop", 5));
  Process two = world_.Start("two");
  ASSERT_TRUE(Eventually([&] { return !world_.LastEventsOf(job).empty(); }));
  const std::size_t paid = world_.Paid().size();
  one.Signal(SIGCONT);
  ASSERT_TRUE(one.Wait(std::chrono::seconds(30)));
  EXPECT_LE(world_.Paid().size(), paid + kWindow * kBatch) << "the calls that were under way";
  EXPECT_LE(paid, kChunks + kWindow * kBatch);
  two.Kill();
  ExpectClean(transform);
}

TEST_F(OverlapTest, AClockThatJumpsCostsAWindowAndNoRecord) {
  const std::int64_t transform = ImportChunks("clock");
  world_.Script(std::string(kSlow) +
                R"(,{"id":"hold","at":"before_embed","do":"hold","worker":"one","after":4,
                     "times":1})");
  world_.SubmitJob(transform);
  Process one = world_.Start("one", {{"BATCHES_IN_FLIGHT", "1"}}, {"--until-idle"});
  ASSERT_TRUE(world_.AwaitFired("hold", 5));
  world_.SubmitJob(transform);
  Process two = world_.Start("two", {}, {"--until-idle"});
  const std::string token = world_.Sql("SELECT token FROM dataset_transform_leases");
  // As if the database's clock went forwards: what is renewed all the time has run out.
  ASSERT_TRUE(Eventually([&] {
    world_.Sql("UPDATE dataset_transform_leases SET expires_at = clock_timestamp() WHERE token = " +
               token);
    return world_.Sql("SELECT count(*) FROM dataset_transform_leases WHERE token = " + token) ==
           "0";
  })) << "the other takes over";
  world_.Release("hold");
  ASSERT_TRUE(one.Wait(std::chrono::seconds(60)));
  ASSERT_TRUE(two.Wait(std::chrono::seconds(60)));
  EXPECT_LE(world_.Paid().size(), kChunks + 2 * kWindow * kBatch);
  ASSERT_TRUE(world_.NextJob(transform));
  ExpectClean(transform);
}

TEST_F(OverlapTest, AWorkerThatIsStoppedAndWokenAgainLeavesTheJobToTheOther) {
  const std::int64_t transform = ImportChunks("both");
  world_.Script(std::string(kSlow) +
                R"(,{"id":"slower","at":"before_embed","do":"sleep","ms":120,"worker":"two"}
                   ,{"id":"stop","at":"before_embed","do":"stop","worker":"one","after":2,
                     "times":1})");
  world_.SubmitJob(transform);
  // Stopped in the middle of a second batch it would disown that one's points, for the next job.
  Process one = world_.Start("one", {{"BATCHES_IN_FLIGHT", "1"}}, {"--until-idle"});
  ASSERT_TRUE(world_.AwaitFired("stop", 3));
  const std::size_t before = world_.Sent().size();
  Process two = world_.Start("two", {}, {"--until-idle"});
  ASSERT_TRUE(Eventually([&] { return world_.Sent().size() >= before + 4 * kBatch; }));
  // Woken while the other is in the middle of the job.
  one.Signal(SIGCONT);
  ASSERT_TRUE(one.Wait(std::chrono::seconds(60)));
  ASSERT_TRUE(two.Wait(std::chrono::seconds(60)));
  EXPECT_LE(world_.Paid().size(), kChunks + 2 * kWindow * kBatch);
  ExpectClean(transform);
}

}  // namespace
}  // namespace dsw::fault_test
