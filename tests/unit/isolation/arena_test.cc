// SPDX-License-Identifier: Apache-2.0
#include "host/isolation/arena.h"

#include <fcntl.h>
#include <unistd.h>

#include "tests/support/matchers.h"

namespace dsw {
namespace {

TEST(ArenaTest, OnlyThePluginsHalfIsThePlugins) {
  constexpr std::uint64_t kStart = wire::kPluginHalf;
  constexpr std::uint64_t kEnd = wire::kArenaBytes;
  EXPECT_TRUE(Arena::InPluginHalf(kStart, 1));
  EXPECT_TRUE(Arena::InPluginHalf(kStart, wire::kHalfBytes));
  EXPECT_TRUE(Arena::InPluginHalf(kEnd, 0));
  EXPECT_FALSE(Arena::InPluginHalf(kStart - 1, 1));
  EXPECT_FALSE(Arena::InPluginHalf(0, 1));
  EXPECT_FALSE(Arena::InPluginHalf(kStart, wire::kHalfBytes + 1));
  EXPECT_FALSE(Arena::InPluginHalf(kEnd, 1));
  EXPECT_FALSE(Arena::InPluginHalf(kEnd + 1, 0));
  EXPECT_FALSE(Arena::InPluginHalf(kStart + 8, UINT64_MAX - 4));
  EXPECT_FALSE(Arena::InPluginHalf(UINT64_MAX, UINT64_MAX));
}

TEST(ArenaTest, BlocksAreAlignedAndGivenOutAgainOnceTheLaterOnesAreEnded) {
  ASSERT_OK_AND_ASSIGN(const auto arena, Arena::Create());
  const auto first = arena->Allocate(5);
  const auto second = arena->Allocate(100);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(*first % wire::kAlignment, 0u);
  EXPECT_EQ(*second % wire::kAlignment, 0u);
  EXPECT_GE(*second, *first + 5);
  arena->Free(*first);
  EXPECT_NE(arena->Allocate(5), first);
  arena->Reset();
  const auto again = arena->Allocate(5);
  EXPECT_EQ(again, first);
  arena->Free(*again);
  EXPECT_EQ(arena->free_offset(), *first);
}

TEST(ArenaTest, EndsAtItsHalf) {
  ASSERT_OK_AND_ASSIGN(const auto arena, Arena::Create());
  EXPECT_FALSE(arena->Allocate(wire::kHalfBytes + 1));
  EXPECT_TRUE(arena->Allocate(wire::kHalfBytes));
  EXPECT_EQ(arena->free_size(), 0u);
  EXPECT_FALSE(arena->Allocate(1));
}

TEST(ArenaTest, CannotBeMadeSmallerOrLarger) {
  ASSERT_OK_AND_ASSIGN(const auto arena, Arena::Create());
  EXPECT_NE(ftruncate(arena->fd(), 4096), 0);
  EXPECT_NE(ftruncate(arena->fd(), static_cast<off_t>(2 * wire::kArenaBytes)), 0);
}

}  // namespace
}  // namespace dsw
