// SPDX-License-Identifier: Apache-2.0
//
// Which transforms are due, and how the state of one is named.
#include "host/postgres/due_transforms.h"
#include "tests/integration/postgres/store_test.h"

namespace dsw {
namespace {

class DueTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    MakeTransform();
  }

  /// The state of transform 1; empty when it is not due.
  std::string Due() {
    const auto due = FindDueTransforms(*database_);
    EXPECT_OK(due);
    if (!due || due->empty()) return {};
    EXPECT_EQ(due->size(), 1U);
    EXPECT_EQ(due->front().dataset_transform_id, 1);
    return due->front().state;
  }
  /// Embeds all that is pending, to the end of the run.
  void Complete(const std::string& job) {
    Embed(MakeJob(job));
    ASSERT_OK(Claim(MustPlan(MakeJob(job))).Finish());
  }
};

TEST_F(DueTest, AnEmptyDatasetIsNotDue) {
  EXPECT_EQ(Due(), "");
  Sql("INSERT INTO dataset_items (dataset_id, title, chunks) VALUES (1, 'none', '[]')");
  EXPECT_EQ(Due(), "");
}

TEST_F(DueTest, ItemsAreDueUntilTheyAreEmbedded) {
  AddItems(3, 2);
  EXPECT_NE(Due(), "");
  Complete("a");
  EXPECT_EQ(Due(), "");
  AddItems(1, 1);
  EXPECT_NE(Due(), "");
  Complete("b");
  Sql("UPDATE dataset_items SET title = 'other' WHERE item_id = 1");
  EXPECT_NE(Due(), "");
}

TEST_F(DueTest, PointsThatAreToGoAreDue) {
  AddItems(2, 2);
  Complete("a");
  Sql("DELETE FROM dataset_items WHERE item_id = 1");
  EXPECT_NE(Due(), "");
}

TEST_F(DueTest, ItemsFromBeforeTheWorkersTablesAreDue) {
  Sql("SET session_replication_role = replica; "
      "INSERT INTO dataset_items (dataset_id, title, chunks) VALUES (1, 'old', '[\"x\"]')");
  EXPECT_NE(Due(), "");
}

TEST_F(DueTest, AnEmbedderThatWasAddedIsDue) {
  AddItems(1, 1);
  Complete("a");
  Sql("INSERT INTO embedders (name, owner_id, owner_display_name, provider, base_url) "
      "  VALUES ('f', 'owner', 'o', 'test', 'http://f');"
      "UPDATE dataset_transforms SET embedder_ids = '{1,2}'");
  EXPECT_NE(Due(), "");
}

TEST_F(DueTest, TransformsThatAreDisabledOrWithoutEmbeddersAreNotDue) {
  AddItems(1, 1);
  Sql("UPDATE dataset_transforms SET is_enabled = false");
  EXPECT_EQ(Due(), "");
  Sql("UPDATE dataset_transforms SET is_enabled = true, embedder_ids = '{}'");
  EXPECT_EQ(Due(), "");
}

TEST_F(DueTest, NothingIsDueWhileAJobIsAtIt) {
  AddItems(1, 1);
  const Plan plan = MustPlan(MakeJob("a"));
  Pending(plan);
  EXPECT_EQ(Due(), "");
  Sql("UPDATE dataset_transform_runs SET started_at = now() - interval '2 hours'");
  EXPECT_EQ(Due(), "");
  ASSERT_OK(Claim(plan).Release());
  EXPECT_NE(Due(), "");
}

TEST_F(DueTest, NothingIsDueWhileARunIsYoungOrMovesOn) {
  AddItems(2, 1);
  const Plan plan = MustPlan(MakeJob("a"));
  const std::vector<Batch> batches = Cut(Pending(plan), 1);
  ASSERT_OK(Claim(plan).Release());
  EXPECT_EQ(Due(), "");
  const Plan again = MustPlan(MakeJob("b"));
  Pending(again);
  ASSERT_OK(Record(again, batches[0]));
  ASSERT_OK(Claim(again).Release());
  Sql("UPDATE dataset_transform_runs SET started_at = now() - interval '2 hours'");
  EXPECT_EQ(Due(), "");
  Sql("UPDATE dataset_transform_batches SET created_at = now() - interval '2 hours'");
  EXPECT_NE(Due(), "");
}

TEST_F(DueTest, AJobThatFailedIsDueAgain) {
  AddItems(1, 1);
  const Plan plan = MustPlan(MakeJob("a"));
  Pending(plan);
  ASSERT_OK(Claim(plan).Release());
  ASSERT_OK(store_->EndFailed(MakeJob("a"), {.code = Code::kInternal, .message = "no"}));
  EXPECT_NE(Due(), "");
  EXPECT_EQ(Due(), Due());
}

TEST_F(DueTest, TheStateChangesWithWhatIsToBeDone) {
  AddItems(2, 1);
  MustPlan(MakeJob("a"));
  std::set<std::string> states = {Due()};
  EXPECT_EQ(Due(), *states.begin());
  AddItems(1, 1);
  EXPECT_TRUE(states.insert(Due()).second);
  Sql("UPDATE dataset_items SET chunks = '[\"x\"]' WHERE item_id = 1");
  EXPECT_TRUE(states.insert(Due()).second);
  Complete("a");
  EXPECT_EQ(Due(), "");
  Sql("UPDATE dataset_transform_items SET done = '{}'");
  EXPECT_TRUE(states.insert(Due()).second);
}

}  // namespace
}  // namespace dsw
