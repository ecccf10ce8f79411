// SPDX-License-Identifier: Apache-2.0
#include "tests/doubles/vectors.h"

#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "tests/doubles/openai.h"
#include "tests/doubles/rate.h"

namespace dsw::doubles {
namespace {

TEST(VectorOfTest, DependsOnTextAndModelAndNothingElse) {
  EXPECT_EQ(VectorOf("m", "a", 8), VectorOf("m", "a", 8));
  EXPECT_NE(VectorOf("m", "a", 8), VectorOf("m", "b", 8));
  EXPECT_NE(VectorOf("m", "a", 8), VectorOf("n", "a", 8));
}

TEST(VectorOfTest, HasLengthOne) {
  const std::vector<float> vector = VectorOf("m", "a", 1536);
  const double squares = std::inner_product(vector.begin(), vector.end(), vector.begin(), 0.0);
  EXPECT_NEAR(std::sqrt(squares), 1, 1e-6);
}

TEST(Base64OfTest, IsThatOfLittleEndianFloats) {
  EXPECT_EQ(Base64Of({}), "");
  EXPECT_EQ(Base64Of({1.0f}), "AACAPw==");
  EXPECT_EQ(Base64Of({1.0f, -2.0f}), "AACAPwAAAMA=");
  EXPECT_EQ(Base64Of({1.0f, -2.0f, 0.5f}), "AACAPwAAAMAAAAA/");
}

TEST(RowsTest, TakeFastVectorsFromAPoolByTheirText) {
  Rows rows({"[", ",", "]"}, /*fast=*/true);
  const Texts texts{"m", {"a", "b", "a"}, 4, false, Quirk::kNone};
  std::string first, second, third;
  rows.Append(first, texts, 0);
  rows.Append(second, texts, 1);
  rows.Append(third, texts, 2);
  EXPECT_EQ(first, third);
  EXPECT_NE(first, second);
}

TEST(GoDurationTest, IsWrittenAsGoDoes) {
  EXPECT_EQ(GoDuration(0), "0s");
  EXPECT_EQ(GoDuration(0.006), "6ms");
  EXPECT_EQ(GoDuration(1), "1s");
  EXPECT_EQ(GoDuration(2.812), "2.812s");
  EXPECT_EQ(GoDuration(360), "6m0s");
  EXPECT_EQ(GoDuration(3723.5), "1h2m3.5s");
}

TEST(TokenBucketTest, FillsEvenlyUpToAMinutesWorth) {
  const Time start{std::chrono::hours(1)};
  TokenBucket bucket(60);
  EXPECT_TRUE(bucket.Take(60, start));
  EXPECT_FALSE(bucket.Take(1, start));
  EXPECT_DOUBLE_EQ(bucket.Until(10, start).count(), 10);
  EXPECT_FALSE(bucket.Take(10, start + std::chrono::seconds(9)));
  EXPECT_TRUE(bucket.Take(10, start + std::chrono::seconds(10)));
  EXPECT_DOUBLE_EQ(bucket.Level(start + std::chrono::hours(1)), 60);
}

TEST(SerialQueueTest, IsFullWhenAsManyWait) {
  const Time start{std::chrono::hours(1)};
  SerialQueue queue(2);
  const std::chrono::milliseconds work(100);
  EXPECT_EQ(queue.Add(work, start), work);
  EXPECT_EQ(queue.Add(work, start), 2 * work);
  EXPECT_FALSE(queue.Full(start));
  EXPECT_EQ(queue.Add(work, start), 3 * work);
  EXPECT_TRUE(queue.Full(start));
  EXPECT_FALSE(queue.Full(start + work));
}

}  // namespace
}  // namespace dsw::doubles
