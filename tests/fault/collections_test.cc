// SPDX-License-Identifier: Apache-2.0
//
// Collections that go away, between jobs and in the middle of one.
#include <thread>

#include "tests/fault/fault_test.h"
#include "tests/fault/random_edits.h"
#include "tests/fault/rounds.h"

namespace dsw::fault_test {
namespace {

using testing::HasSubstr;

class CollectionsTest : public FaultTest {};

TEST_F(CollectionsTest, OneThatIsNewOrEmptyIsFilledAgainAndThatIsSaid) {
  for (const bool dropped : {true, false}) {
    SCOPED_TRACE(dropped ? "dropped" : "emptied");
    world_.NewRound();
    const std::int64_t transform = world_.Import(dropped ? "dropped" : "emptied", 3, 4);
    ASSERT_TRUE(world_.NextJob(transform));
    dropped ? world_.DropCollection(transform) : world_.EmptyCollection(transform);
    Edit(transform,
         "UPDATE dataset_items SET title = 'new' WHERE title = 'item 1' AND dataset_id = DATASET");
    const std::string before = world_.Trouble();
    ASSERT_TRUE(world_.NextJob(transform));
    ExpectClean(transform);
    EXPECT_THAT(world_.Trouble().substr(before.size()), HasSubstr(world_.CollectionOf(transform)))
        << "a warning names the collection";
  }
}

TEST_F(CollectionsTest, OneThatIsDroppedInMidJobIsWholeAfterTheNextJob) {
  ForEachRound([this](int round, Dice& dice) {
    world_.NewRound();
    const std::int64_t transform = world_.Import(fmt::format("dropped {}", round), 20, 10, 5);
    world_.Script(R"({"id":"slow","at":"before_embed","do":"sleep","ms":40})");
    ASSERT_TRUE(world_.NextJob(transform));
    RandomEdits edits(world_, transform, 6, dice);
    world_.SubmitJob(transform, dice.OneIn(2) ? "full" : "incremental");
    Process worker = world_.Start();
    for (int drops = dice.Between(1, 2); drops > 0; --drops) {
      std::this_thread::sleep_for(std::chrono::milliseconds(dice.Between(0, 600)));
      world_.DropCollection(transform);
      edits.Edit();
    }
    EXPECT_TRUE(Eventually([&] { return world_.Queued() == 0; }));
    worker.Kill();
    ASSERT_TRUE(world_.Drain());
    ASSERT_TRUE(world_.NextJob(transform));
    ExpectClean(transform);
  });
}

TEST_F(CollectionsTest, OneThatIsDroppedUnderASharedOutJobIsWholeAfterTheNextJob) {
  world_.Set("MAX_CHUNKS_PER_JOB", "100");
  world_.Set("WORKER_CONCURRENCY", "1");
  world_.Set("BATCHES_IN_FLIGHT", "1");
  const std::int64_t transform = world_.Import("ranges", 20, 10, 10);
  // In the second batch of the second range.
  world_.Script(R"({"id":"hold","at":"before_embed","do":"hold","after":11,"times":1})");
  world_.SubmitJob(transform);
  Process worker = world_.Start("w", {}, {"--until-idle"});
  ASSERT_TRUE(world_.AwaitFired("hold", 12));
  world_.DropCollection(transform);
  world_.Release("hold");
  ASSERT_TRUE(worker.Wait(std::chrono::seconds(30)));
  ASSERT_TRUE(world_.NextJob(transform));
  ExpectClean(transform);
}

TEST_F(CollectionsTest, OneThatSeveralTargetsShareIsFilledAgainByEach) {
  std::vector<std::int64_t> transforms;
  for (const std::string dataset : {"first", "second"}) {
    transforms.push_back(world_.ImportLines(
        dataset, R"({"title":"t","chunks":["a )" + dataset + R"(","b )" + dataset + R"("]})",
        {"--embedder", "fault:hash-8", "--collection", "shared", "--config", R"({"maker":"m"})"}));
    ASSERT_TRUE(world_.NextJob(transforms.back()));
  }
  ASSERT_EQ(world_.Points("shared").size(), 4U);
  world_.DropCollection(transforms[0]);
  for (const std::int64_t transform : transforms) ASSERT_TRUE(world_.NextJob(transform));
  EXPECT_EQ(world_.Points("shared").size(), 4U) << "of the second, none were missed";
}

}  // namespace
}  // namespace dsw::fault_test
