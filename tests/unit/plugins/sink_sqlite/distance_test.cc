// SPDX-License-Identifier: Apache-2.0
#include "plugins/sink_sqlite/distance.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include <dsw/plugin.h>

namespace dsw::sqlite {
namespace {

TEST(DistanceTest, NamesAndNumbersAgree) {
  for (const std::uint32_t distance :
       {DSW_DISTANCE_COSINE, DSW_DISTANCE_EUCLID, DSW_DISTANCE_DOT}) {
    EXPECT_EQ(DistanceOf(DistanceName(distance)), distance);
  }
  EXPECT_EQ(DistanceName(9), "");
  EXPECT_EQ(DistanceOf("cosine"), 0u);
}

TEST(DistanceTest, ComparesByEachMeasure) {
  const float query[] = {3, 4};
  const float vector[] = {6, 0};
  EXPECT_DOUBLE_EQ(Scorer(DSW_DISTANCE_DOT, query, 2).Score(vector), 18);
  EXPECT_DOUBLE_EQ(Scorer(DSW_DISTANCE_COSINE, query, 2).Score(vector), 0.6);
  EXPECT_DOUBLE_EQ(Scorer(DSW_DISTANCE_EUCLID, query, 2).Score(vector), 5);
}

TEST(DistanceTest, CountsEveryDimension) {
  for (std::size_t dimensions = 1; dimensions < 40; ++dimensions) {
    const std::vector<float> ones(dimensions, 1);
    const std::vector<float> twos(dimensions, 2);
    const auto size = static_cast<double>(dimensions);
    EXPECT_DOUBLE_EQ(Scorer(DSW_DISTANCE_DOT, ones.data(), dimensions).Score(twos.data()),
                     2 * size);
    EXPECT_DOUBLE_EQ(Scorer(DSW_DISTANCE_EUCLID, ones.data(), dimensions).Score(twos.data()),
                     std::sqrt(size));
    EXPECT_NEAR(Scorer(DSW_DISTANCE_COSINE, ones.data(), dimensions).Score(twos.data()), 1, 1e-12);
  }
}

TEST(DistanceTest, AVectorWithoutLengthHasCosineZero) {
  const float query[] = {3, 4};
  const float zero[] = {0, 0};
  EXPECT_EQ(Scorer(DSW_DISTANCE_COSINE, query, 2).Score(zero), 0);
  EXPECT_EQ(Scorer(DSW_DISTANCE_COSINE, zero, 2).Score(query), 0);
}

TEST(DistanceTest, NearerIsSmallerForEuclidAlone) {
  const float query[] = {1};
  EXPECT_TRUE(Scorer(DSW_DISTANCE_EUCLID, query, 1).Nearer(1, 2));
  EXPECT_TRUE(Scorer(DSW_DISTANCE_COSINE, query, 1).Nearer(2, 1));
  EXPECT_TRUE(Scorer(DSW_DISTANCE_DOT, query, 1).Nearer(2, 1));
}

}  // namespace
}  // namespace dsw::sqlite
