// SPDX-License-Identifier: Apache-2.0
// Pooling and normalization on vectors small enough to check by hand.
#include "plugins/embed_fastembed/pooling.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dsw::fastembed {
namespace {

using testing::ElementsAre;
using testing::FloatEq;

TEST(PoolingTest, TakesTheFirstTokenOrTheMeanWithoutPadding) {
  const std::vector<float> hidden = {1, 2, 3, 6, 99, 99};
  std::vector<float> out(2);
  Pool(Pooling::kCls, hidden.data(), 2, 2, out.data());
  EXPECT_THAT(out, ElementsAre(1, 2));
  Pool(Pooling::kMean, hidden.data(), 2, 2, out.data());
  EXPECT_THAT(out, ElementsAre(2, 4));
}

TEST(PoolingTest, NormalizesToLengthOneAndLeavesZero) {
  std::vector<float> vector = {3, -4};
  Normalize(vector.data(), 2);
  EXPECT_THAT(vector, ElementsAre(FloatEq(0.6f), FloatEq(-0.8f)));
  std::vector<float> zero = {0, 0};
  Normalize(zero.data(), 2);
  EXPECT_THAT(zero, ElementsAre(0, 0));
}

}  // namespace
}  // namespace dsw::fastembed
