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

}  // namespace
}  // namespace dsw::fault_test
