// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/chunk_ranges.h"

#include "tests/support/matchers.h"

namespace dsw {
namespace {

TEST(ChunkRangesTest, IsEmptyAtFirst) {
  EXPECT_EQ(ChunkRanges().ToString(), "{}");
  EXPECT_FALSE(ChunkRanges().Contains(0));
}

TEST(ChunkRangesTest, JoinsConsecutiveIndexes) {
  ChunkRanges ranges;
  for (const int index : {0, 1, 2, 7, 8, 8, 12}) ranges.Append(index);
  EXPECT_EQ(ranges.ToString(), "{[0,3),[7,9),[12,13)}");
}

TEST(ChunkRangesTest, ReadsWhatItWrites) {
  for (const std::string text : {"{}", "{[0,1)}", "{[0,3),[7,9),[2147483646,2147483647)}"}) {
    ASSERT_OK_AND_ASSIGN(const ChunkRanges ranges, ChunkRanges::Parse(text));
    EXPECT_EQ(ranges.ToString(), text);
  }
}

TEST(ChunkRangesTest, ContainsStartsButNotEnds) {
  ASSERT_OK_AND_ASSIGN(const ChunkRanges ranges, ChunkRanges::Parse("{[2,4),[7,9)}"));
  std::string inside;
  for (int index = 0; index < 10; ++index) inside += ranges.Contains(index) ? '#' : '.';
  EXPECT_EQ(inside, "..##...##.");
}

TEST(ChunkRangesTest, RefusesOtherText) {
  for (const std::string text : {"", "{", "[0,1)", "{[0,1}", "{(0,1)}", "{[0,1),}", "{[,1)}",
                                 "{[0,99999999999)}", "{empty}"}) {
    EXPECT_FAIL(ChunkRanges::Parse(text), Code::kInternal) << text;
  }
}

}  // namespace
}  // namespace dsw
