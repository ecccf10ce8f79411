// SPDX-License-Identifier: Apache-2.0
//
// Large items and many items: order, completeness, memory.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#include <cstddef>
// Of the sanitizers' allocator, which takes the place of the other.
extern "C" std::size_t __sanitizer_get_current_allocated_bytes(void);
#else
#include <malloc.h>
#endif

#include "host/postgres/pending_items.h"
#include "tests/integration/postgres/store_test.h"

namespace dsw {
namespace {

class CursorTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    MakeTransform();
  }

  /// One item whose chunk c has a text of about `bytes` that starts with its index.
  void AddLargeItem(int chunks, int bytes = 20) {
    Sql("INSERT INTO dataset_items (dataset_id, title, chunks) SELECT 1, 'large', jsonb_agg("
        "jsonb_build_object('content', c || ' ' || repeat('x', " +
        std::to_string(bytes) + ")) ORDER BY c) FROM generate_series(0, " +
        std::to_string(chunks - 1) + ") c");
  }
  /// Memory in use, as the allocator counts it.
  static std::int64_t HeapBytes() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return static_cast<std::int64_t>(__sanitizer_get_current_allocated_bytes());
#else
    const struct mallinfo2 info = mallinfo2();
    return static_cast<std::int64_t>(info.uordblks + info.hblkhd);
#endif
  }
};

TEST_F(CursorTest, AHundredThousandChunksOfOneItemComeInOrderAndInFlatMemory) {
  AddLargeItem(100'000, 100);
  const auto cursor = OpenPending(MustPlan(MakeJob("a")));
  std::int64_t first = 0;
  std::int64_t most = 0;
  for (int index = 0; index < 100'000; ++index) {
    const auto chunk = cursor->Next();
    ASSERT_OK(chunk);
    ASSERT_TRUE(*chunk) << index;
    ASSERT_EQ((*chunk)->index, index);
    ASSERT_EQ((*chunk)->text.substr(0, (*chunk)->text.find(' ')), std::to_string(index));
    if (index == 5'000) first = HeapBytes();
    if (index > 5'000 && index % 1'000 == 0) most = std::max(most, HeapBytes());
  }
  ASSERT_OK_AND_ASSIGN(const auto end, cursor->Next());
  EXPECT_FALSE(end);
  EXPECT_LT(most - first, 4 << 20);
}

TEST_F(CursorTest, ItemsOfAllSizesComeCompleteAndInOrder) {
  for (const int chunks : {1, 999, 1000, 1001, 2500, 3, 1}) AddLargeItem(chunks);
  AddItems(40, 60);
  const Plan plan = MustPlan(MakeJob("a"));
  const std::vector<Chunk> chunks = Pending(plan);
  ASSERT_EQ(chunks.size(), 1u + 999 + 1000 + 1001 + 2500 + 3 + 1 + 40 * 60);
  for (std::size_t i = 1; i < chunks.size(); ++i) {
    const bool same_item = chunks[i].item->item_id == chunks[i - 1].item->item_id;
    ASSERT_EQ(chunks[i].index, same_item ? chunks[i - 1].index + 1 : 0);
    ASSERT_GE(chunks[i].item->item_id, chunks[i - 1].item->item_id);
  }
  EXPECT_EQ(Counts(plan), "0/" + std::to_string(chunks.size()));
}

TEST_F(CursorTest, ManyItemsComeOnceEach) {
  AddItems(20'000, 1);
  const Plan plan = MustPlan(MakeJob("a"));
  const std::vector<Chunk> chunks = Pending(plan);
  ASSERT_EQ(chunks.size(), 20'000u);
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    ASSERT_EQ(chunks[i].item->item_id, static_cast<std::int64_t>(i) + 1);
  }
}

TEST_F(CursorTest, LargeItemsResumeInTheMiddle) {
  AddLargeItem(5'000);
  const Plan plan = MustPlan(MakeJob("a"));
  const std::vector<Batch> batches = Cut(Pending(plan), 700);
  for (const std::size_t done : {0u, 1u, 3u, 6u}) ASSERT_OK(Record(plan, batches[done]));
  EXPECT_EQ(Counts(plan), "2800/5000");
  const std::vector<Chunk> rest = Pending(plan);
  ASSERT_EQ(rest.size(), 2'200u);
  EXPECT_EQ(rest.front().index, 1'400);
  EXPECT_EQ(rest[700].index, 2'800);
  EXPECT_EQ(rest.back().index, 4'999);
}

TEST_F(CursorTest, LargeTextsAreReadFewAtATime) {
  // 20 chunks of a megabyte that does not compress.
  Sql("INSERT INTO dataset_items (dataset_id, title, chunks) SELECT 1, 'large', jsonb_agg("
      "(SELECT string_agg(md5(c || '.' || i), '') FROM generate_series(1, 32768) i)) "
      "FROM generate_series(1, 20) c");
  const auto cursor = OpenPending(MustPlan(MakeJob("a")));
  const std::int64_t before = HeapBytes();
  std::int64_t most = 0;
  int chunks = 0;
  for (;; ++chunks) {
    ASSERT_OK_AND_ASSIGN(const auto chunk, cursor->Next());
    if (!chunk) break;
    ASSERT_EQ(chunk->text.size(), 1u << 20);
    most = std::max(most, HeapBytes());
  }
  EXPECT_EQ(chunks, 20);
  EXPECT_LT(most - before, 24 << 20);
}

TEST_F(CursorTest, TheListOfPendingItemsReadsNoTexts) {
  AddItems(30, 2);
  // Of what does not compress.
  Sql("INSERT INTO dataset_items (dataset_id, title, chunks) SELECT 1, 'large', jsonb_agg("
      "(SELECT string_agg(md5(c || '.' || i), '') FROM generate_series(1, 32) i)) "
      "FROM generate_series(1, 100) c");
  const Plan plan = MustPlan(MakeJob("a"));
  Look(plan);
  PendingQuery query;
  query.target.embedded_dataset_id = 1;
  query.target.dataset_id = 1;
  const auto list = [&](Session& session) -> Result<std::vector<PendingItem>> {
    pqxx::work transaction(session.connection);
    BeginReading(transaction);
    return ReadItems(transaction, query, {1, 100}, 100);
  };
  const auto blind = OpenBlind(", title, metadata");
  ASSERT_OK_AND_ASSIGN(const std::vector<PendingItem> items, blind->Run(list));
  ASSERT_EQ(items.size(), 31u);
  EXPECT_GT(items.back().stored_bytes, 100'000);

  Sql("UPDATE dataset_item_contents SET bytes = NULL WHERE item_id IN (7, 31)");
  ASSERT_OK_AND_ASSIGN(const std::vector<PendingItem> measured, database_->Run(list));
  ASSERT_EQ(measured.size(), 31u);
  EXPECT_EQ(measured.back().stored_bytes, items.back().stored_bytes);
  EXPECT_GT(measured[6].stored_bytes, 0);
  EXPECT_EQ(measured[7].stored_bytes, items[7].stored_bytes);
}

TEST_F(CursorTest, RecordingGoesOnWhileALargeItemIsRead) {
  AddLargeItem(3'000);
  const Plan plan = MustPlan(MakeJob("a"));
  const auto cursor = OpenPending(plan);
  for (const Batch& batch : Cut(ReadAll(*cursor, 2'000), 100)) ASSERT_OK(Record(plan, batch));
  EXPECT_EQ(ReadAll(*cursor).size(), 1'000u);
}

TEST_F(CursorTest, ItemsThatVanishOrChangeWhileReadingAreNoTrouble) {
  AddItems(600, 10);
  const auto cursor = OpenPending(MustPlan(MakeJob("a")));
  ASSERT_EQ(ReadAll(*cursor, 10).size(), 10u);
  Sql("DELETE FROM dataset_items WHERE item_id BETWEEN 300 AND 399;"
      "UPDATE dataset_items SET chunks = '[\"only\"]' WHERE item_id = 500");
  EXPECT_EQ(ReadAll(*cursor).size(), 6'000u - 10 - 1'000 - 9);
}

}  // namespace
}  // namespace dsw
