// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/batcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fakes.h"
#include "tests/support/matchers.h"

namespace dsw {
namespace {

using testing::ElementsAre;

/// The sizes of all batches of a dataset with one item.
std::vector<std::size_t> Sizes(std::vector<std::string> chunks, const BatchLimits& limits) {
  FakeStore store;
  store.AddItem(std::move(chunks));
  FakeCursor cursor(store, 7);
  Batcher batcher(cursor);
  std::vector<std::size_t> sizes;
  std::int64_t number = 0;
  while (true) {
    Result<std::optional<Batch>> batch = batcher.Next(limits);
    EXPECT_OK(batch);
    if (!batch || !*batch) return sizes;
    EXPECT_EQ((*batch)->number, ++number);
    sizes.push_back((*batch)->chunks.size());
  }
}

TEST(BatcherTest, CutsByNumber) {
  EXPECT_THAT(Sizes({"a", "b", "c", "d", "e"}, {.chunks = 2, .bytes = 0}), ElementsAre(2, 2, 1));
}

TEST(BatcherTest, CutsByBytesWithoutLosingTheChunkThatDidNotFit) {
  EXPECT_THAT(Sizes({"aaa", "bbb", "ccc", "d"}, {.chunks = 10, .bytes = 7}), ElementsAre(2, 2));
}

TEST(BatcherTest, AChunkLargerThanTheLimitIsABatchByItself) {
  EXPECT_THAT(Sizes({"a", "bbbbbbbbbb", "c"}, {.chunks = 10, .bytes = 4}), ElementsAre(1, 1, 1));
}

TEST(BatcherTest, NothingPendingIsNoBatch) {
  EXPECT_THAT(Sizes({}, {.chunks = 2, .bytes = 0}), ElementsAre());
}

}  // namespace
}  // namespace dsw
