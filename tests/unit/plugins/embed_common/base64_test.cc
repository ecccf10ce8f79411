// SPDX-License-Identifier: Apache-2.0
#include "plugins/embed_common/base64.h"

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/plugins/embed_common/bodies.h"

namespace dsw {
namespace {

TEST(Base64Test, DecodesVectorsOfEachLength) {
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  for (std::size_t size : {1, 2, 3, 4, 5, 6, 7, 12, 13, 384, 1024, 1536, 3072}) {
    std::vector<float> vector(size);
    for (float& each : vector) each = normal(random);
    const std::string text = Base64Of(vector);
    ASSERT_EQ(Base64FloatCount(text), size);
    std::vector<float> row(size);
    EXPECT_TRUE(DecodeBase64Floats(text, row.data()));
    EXPECT_EQ(row, vector);
  }
}

TEST(Base64Test, WritesNothingBehindTheRow) {
  for (std::size_t size = 1; size < 60; ++size) {
    std::vector<float> row(size + 1, 7);
    ASSERT_TRUE(DecodeBase64Floats(Base64Of(std::vector<float>(size, 1)), row.data()));
    EXPECT_EQ(row.back(), 7);
  }
}

TEST(Base64Test, CountsOnlyWholeFloats) {
  EXPECT_EQ(Base64FloatCount(""), 0u);
  EXPECT_EQ(Base64FloatCount("AACAPw=="), 1u);
  EXPECT_EQ(Base64FloatCount("AACAPw="), std::nullopt);
  EXPECT_EQ(Base64FloatCount("AACAPw"), std::nullopt);
  EXPECT_EQ(Base64FloatCount("AAAA"), std::nullopt);
  EXPECT_EQ(Base64FloatCount("===="), std::nullopt);
}

TEST(Base64Test, RefusesWhatIsNotOfTheAlphabetWhereverItIs) {
  const std::string good = Base64Of(std::vector<float>(24, 0.5f));
  std::vector<float> row(24);
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (char bad : {'-', '_', ' ', '=', '\0', '\xff', '\n'}) {
      std::string text = good;
      text[at] = bad;
      if (Base64FloatCount(text) != 24u) continue;
      EXPECT_FALSE(DecodeBase64Floats(text, row.data())) << at << " " << int{bad};
    }
  }
}

TEST(Base64Test, KnowsEachCharacterAtEachPlaceOfABlock) {
  for (int byte = 0; byte < 256; ++byte) {
    for (std::size_t at = 0; at < 32; ++at) {
      std::string text(128, 'A');
      text[at] = static_cast<char>(byte);
      const bool good = (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
                        (byte >= '0' && byte <= '9') || byte == '+' || byte == '/';
      std::vector<float> row(24);
      ASSERT_EQ(DecodeBase64Floats(text, row.data()), good) << byte << " " << at;
      std::string bytes(96, '\0');
      std::memcpy(bytes.data(), row.data(), bytes.size());
      if (!good) continue;
      ASSERT_EQ(Base64Of(bytes), text) << byte << " " << at;
    }
  }
}

TEST(Base64Test, RefusesBitsBehindTheLastByte) {
  float value = 0;
  EXPECT_TRUE(DecodeBase64Floats("AACAPw==", &value));
  EXPECT_EQ(value, 1);
  EXPECT_FALSE(DecodeBase64Floats("AACAPx==", &value));
}

}  // namespace
}  // namespace dsw
