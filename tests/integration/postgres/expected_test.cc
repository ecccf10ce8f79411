// SPDX-License-Identifier: Apache-2.0
//
// What a collection is to hold, and taking back that it was embedded.
#include <fmt/format.h>

#include "host/domain/point.h"
#include "host/postgres/item_contents.h"
#include "tests/integration/postgres/store_test.h"

namespace dsw {
namespace {

class ExpectedTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    MakeTransform();
  }

  ExpectedPoints Open(const Plan& plan) {
    auto opened = store_->OpenExpected(plan, plan.targets[0]);
    EXPECT_OK(opened);
    return *std::move(opened);
  }
  std::vector<ExpectedChunk> Expected(const Plan& plan) {
    const ExpectedPoints points = Open(plan);
    std::vector<ExpectedChunk> all;
    while (true) {
      const auto page = points.cursor->NextPage();
      EXPECT_OK(page);
      if (!page || page->empty()) return all;
      all.insert(all.end(), page->begin(), page->end());
    }
  }
  /// As "1.0e 1.1f 2.0p": item, index and state.
  std::string States(const Plan& plan) {
    std::string text;
    for (const ExpectedChunk& chunk : Expected(plan)) {
      const char state = chunk.state == ChunkState::kEmbedded ? 'e'
                         : chunk.state == ChunkState::kFailed ? 'f'
                                                              : 'p';
      text += fmt::format("{}{}.{}{}", text.empty() ? "" : " ", chunk.position.item_id,
                          chunk.position.index, state);
    }
    return text;
  }
  static std::uint64_t Hash(std::string_view text) {
    return std::stoull(ChunkHash(text), nullptr, 16);
  }
};

TEST_F(ExpectedTest, TellsEmbeddedFailedAndPending) {
  AddItems(2, 3);
  const Plan plan = MustPlan(MakeJob("a"));
  EXPECT_EQ(States(plan), "1.0p 1.1p 1.2p 2.0p 2.1p 2.2p");
  const std::vector<Batch> batches = Cut(Pending(plan), 4);
  ASSERT_OK(Record(plan, batches[0], {{.position = {1, 1}, .reason = "poison"}}));
  EXPECT_EQ(States(plan), "1.0e 1.1f 1.2e 2.0e 2.1p 2.2p");
  Sql("UPDATE dataset_items SET title = 'other' WHERE item_id = 1");
  EXPECT_EQ(States(plan), "1.0p 1.1p 1.2p 2.0e 2.1p 2.2p");
  Sql("UPDATE dataset_transform_targets SET generation = generation + 1");
  EXPECT_EQ(States(plan), "1.0p 1.1p 1.2p 2.0p 2.1p 2.2p");
}

TEST_F(ExpectedTest, HashesAreThoseOfTheTextsAsTheyAreRead) {
  Sql(R"(INSERT INTO dataset_items (dataset_id, title, chunks) VALUES (1, 'i',
      '[{"content": "ÄÖ\n\"x\" 漢"}, "plain", {"other": 1}, 7, null, {"content": {"a": 1}}]'))");
  const Plan plan = MustPlan(MakeJob("a"));
  const std::vector<ExpectedChunk> expected = Expected(plan);
  const std::vector<Chunk> chunks = Pending(plan);
  ASSERT_EQ(expected.size(), 6U);
  ASSERT_EQ(chunks.size(), 6U);
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    EXPECT_EQ(expected[i].text_hash, Hash(chunks[i].text)) << chunks[i].text;
  }
}

TEST_F(ExpectedTest, PagesThroughManyItemsOfAllSizes) {
  AddItems(2500, 2);
  Sql("INSERT INTO dataset_items (dataset_id, title, chunks) "
      "SELECT 1, 'large', (SELECT jsonb_agg(c::text) FROM generate_series(1, 7000) c);"
      "INSERT INTO dataset_items (dataset_id, title, chunks) VALUES (1, 'none', '[]');"
      "INSERT INTO dataset_items (dataset_id, title, chunks) VALUES (1, 'odd', '{}');"
      "INSERT INTO dataset_items (dataset_id, title, chunks) VALUES (1, 'last', '[\"x\"]')");
  const Plan plan = MustPlan(MakeJob("a"));
  EXPECT_EQ(Open(plan).chunks, 12'001);
  const std::vector<ExpectedChunk> all = Expected(plan);
  ASSERT_EQ(all.size(), 12'001U);
  for (std::size_t i = 1; i < all.size(); ++i) {
    ASSERT_LT(all[i - 1].position, all[i].position);
  }
  EXPECT_EQ(all.back().text_hash, Hash("x"));
}

TEST_F(ExpectedTest, KnowsWhetherTheCollectionIsShared) {
  const Plan plan = MustPlan(MakeJob("a"));
  EXPECT_FALSE(Open(plan).shared);
  Sql("INSERT INTO embedded_datasets (title, dataset_transform_id, source_dataset_id, "
      "  embedder_id, owner_id, owner_display_name, collection_name) "
      "SELECT 'other', 9, 1, 9, 'o', 'o', collection_name FROM embedded_datasets");
  EXPECT_TRUE(Open(plan).shared);
}

TEST_F(ExpectedTest, ForgottenChunksArePendingAgain) {
  AddItems(3, 3);
  Embed(MakeJob("a"));
  const Plan plan = MustPlan(MakeJob("b"));
  const std::vector<ChunkPosition> chunks = {{1, 0}, {1, 2}, {3, 1}};
  TargetClaim& claim = Claim(plan);
  ASSERT_OK(claim.Forget(chunks));
  ASSERT_OK(claim.Forget(chunks));
  EXPECT_EQ(States(plan), "1.0p 1.1e 1.2p 2.0e 2.1e 2.2e 3.0e 3.1p 3.2e");
  EXPECT_EQ(Positions(Pending(plan)), "1.0 1.2 3.1");
}

TEST_F(ExpectedTest, WhoeverLostTheClaimForgetsNothing) {
  AddItems(1, 2);
  Embed(MakeJob("a"));
  const Plan plan = MustPlan(MakeJob("b"));
  TargetClaim& claim = Claim(plan);
  Sql("DELETE FROM dataset_transform_leases");
  const std::vector<ChunkPosition> chunks = {{1, 0}};
  EXPECT_FAIL(claim.Forget(chunks), Code::kFenced);
  EXPECT_EQ(States(plan), "1.0e 1.1e");
}

TEST_F(ExpectedTest, ChangesThatWentRoundTheTriggersArePendingOnceRecomputed) {
  AddItems(2, 1);
  Embed(MakeJob("a"));
  Sql("SET session_replication_role = replica; "
      "UPDATE dataset_items SET chunks = '[\"other\"]' WHERE item_id = 2");
  const Plan plan = MustPlan(MakeJob("b"));
  EXPECT_EQ(States(plan), "1.0e 2.0e");
  ASSERT_OK_AND_ASSIGN(const std::int64_t wrong, RecomputeContents(*database_, 1));
  EXPECT_EQ(wrong, 1);
  EXPECT_EQ(States(plan), "1.0e 2.0p");
}

TEST_F(ExpectedTest, TokensGoOnBehindThoseThatAreSkipped) {
  ASSERT_OK_AND_ASSIGN(const std::int64_t before, store_->LastToken());
  const std::int64_t first = Claim(MustPlan(MakeJob("a"))).token();
  EXPECT_GE(first, before);
  ASSERT_OK_AND_ASSIGN(std::int64_t last, store_->LastToken());
  EXPECT_GE(last, first);
  const std::int64_t future = last + (std::int64_t{1} << 40);
  ASSERT_OK(store_->SkipTokens(future));
  ASSERT_OK(store_->SkipTokens(first));
  ASSERT_OK_AND_ASSIGN(last, store_->LastToken());
  EXPECT_EQ(last, future);
  EXPECT_GT(Claim(MustPlan(MakeJob("b"))).token(), future);
}

}  // namespace
}  // namespace dsw
