// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/expected_index.h"

#include <gtest/gtest.h>

#include "host/domain/point.h"

namespace dsw {
namespace {

TEST(PointKeyTest, ReadsAndWritesIds) {
  for (int i = 0; i < 100; ++i) {
    const std::string id = PointId(7, {i, i});
    const auto key = PointKey::Parse(id);
    ASSERT_TRUE(key) << id;
    EXPECT_EQ(key->ToString(), id);
    EXPECT_EQ(key->version(), 5);
  }
}

TEST(PointKeyTest, RefusesWhatIsNoUuid) {
  for (const char* id :
       {"", "7", "not-a-uuid", "00000000-0000-5000-8000-00000000000",
        "00000000-0000-5000-8000-00000000000g", "000000000-000-5000-8000-000000000000",
        "00000000-0000-5000-8000-0000000000000", "-0000000-0000-5000-8000-000000000000"}) {
    EXPECT_FALSE(PointKey::Parse(id)) << id;
  }
}

TEST(PointKeyTest, IsOrderedAsItsText) {
  std::string before = PointId(1, {0, 0});
  for (int i = 1; i < 100; ++i) {
    const std::string id = PointId(1, {0, i});
    EXPECT_EQ(*PointKey::Parse(before) < *PointKey::Parse(id), before < id);
    before = id;
  }
}

TEST(ExpectedIndexTest, FindsWhatWasAdded) {
  ExpectedIndex index;
  for (int i = 0; i < 50; ++i) {
    index.Add(*PointKey::Parse(PointId(1, {0, i})), {.position = {0, i}});
  }
  index.Sort();
  for (int i = 0; i < 50; ++i) {
    const ExpectedPoint* const point = index.Find(*PointKey::Parse(PointId(1, {0, i})));
    ASSERT_NE(point, nullptr);
    EXPECT_EQ(point->chunk.position.index, i);
  }
  EXPECT_EQ(index.Find(*PointKey::Parse(PointId(2, {0, 0}))), nullptr);
}

}  // namespace
}  // namespace dsw
