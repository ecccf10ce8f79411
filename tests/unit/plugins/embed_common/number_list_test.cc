// SPDX-License-Identifier: Apache-2.0
#include "plugins/embed_common/number_list.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/plugins/embed_common/bodies.h"

namespace dsw {
namespace {

std::optional<std::vector<float>> Read(const std::string& json, std::size_t count) {
  const PaddedBody body(json);
  std::vector<float> row(count);
  if (!ReadNumbers(body.view(), row.data(), count)) return std::nullopt;
  return row;
}

template <typename Number>
std::string Shortest(Number number) {
  char text[64];
  return std::string(text, std::to_chars(text, text + sizeof text, number).ptr);
}

TEST(NumberListTest, ReadsEveryFormOfNumber) {
  EXPECT_EQ(Read("[0,-0,1,-1.5,0.25,1e2,1E+2,25e-2,-1.0e0,123456789.5]", 10),
            (std::vector<float>{0, -0.f, 1, -1.5f, .25f, 100, 100, .25f, -1, 123456789.5f}));
  EXPECT_EQ(Read("[ 1 ,\n  2\t,\r\n3 ]", 3), (std::vector<float>{1, 2, 3}));
  EXPECT_EQ(Read("[]", 0), std::vector<float>{});
}

TEST(NumberListTest, KeepsTheSignOfZero) {
  const auto row = Read("[-0.0]", 1);
  ASSERT_TRUE(row);
  EXPECT_TRUE(std::signbit((*row)[0]));
}

TEST(NumberListTest, ReadsTheNearestFloatOfAnyShortestText) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 200'000; ++i) {
    const auto bits = static_cast<std::uint32_t>(random());
    float value;
    std::memcpy(&value, &bits, sizeof value);
    if (!std::isfinite(value)) continue;
    const std::string text = Shortest(value);
    const auto row = Read("[" + text + "]", 1);
    ASSERT_TRUE(row) << text;
    ASSERT_EQ((*row)[0], value) << text;
  }
}

TEST(NumberListTest, ReadsTheNearestFloatOfLongerTexts) {
  std::mt19937_64 random(2);
  std::uniform_real_distribution<double> uniform(-1, 1);
  for (int i = 0; i < 200'000; ++i) {
    std::string text = Shortest(uniform(random));
    if (i % 4 == 0) text += text.find('e') == text.npos ? std::to_string(random()) : "";
    float expected = 0;
    ASSERT_EQ(std::from_chars(text.data(), text.data() + text.size(), expected).ec, std::errc());
    const auto row = Read("[" + text + "]", 1);
    ASSERT_TRUE(row) << text;
    ASSERT_EQ((*row)[0], expected) << text;
  }
}

TEST(NumberListTest, RoundsRightNextToTheMiddleBetweenTwoFloats) {
  // 1 + 2^-24 lies between 1 and the next float; ties go to the even one.
  EXPECT_EQ(Read("[1.000000059604644775390625]", 1), (std::vector<float>{1}));
  EXPECT_EQ(Read("[1.000000059604644776]", 1), (std::vector<float>{1.00000012f}));
  EXPECT_EQ(Read("[1.000000059604644775]", 1), (std::vector<float>{1}));
}

TEST(NumberListTest, TakesWhatIsTooSmallForZeroAndRefusesWhatIsTooLarge) {
  EXPECT_EQ(Read("[1e-60]", 1), std::vector<float>{0});
  EXPECT_EQ(Read("[1e-999]", 1), std::vector<float>{0});
  EXPECT_EQ(Read("[3.4e38]", 1), std::vector<float>{3.4e38f});
  EXPECT_EQ(Read("[1e39]", 1), std::nullopt);
  EXPECT_EQ(Read("[-1e999]", 1), std::nullopt);
}

TEST(NumberListTest, TellsSmallFromLargeWhateverTheirDigitsAndExponent) {
  const std::string zeros(400, '0');
  EXPECT_EQ(Read("[0." + zeros + "1]", 1), std::vector<float>{0});
  EXPECT_EQ(Read("[-0." + zeros + "12e300]", 1), std::vector<float>{0});
  EXPECT_EQ(Read("[1" + zeros + "e-900]", 1), std::vector<float>{0});
  EXPECT_EQ(Read("[1" + std::string(20'000, '0') + "e-30000]", 1), std::vector<float>{0});
  EXPECT_EQ(Read("[1" + zeros + ".5]", 1), std::nullopt);
  EXPECT_EQ(Read("[-1" + zeros + ".5e-300]", 1), std::nullopt);
  EXPECT_EQ(Read("[0." + zeros + "1e900]", 1), std::nullopt);
}

TEST(NumberListTest, RefusesWhatIsNotAListOfNumbers) {
  for (const char* json : {"",       "[",       "]",     "1",     "[1",      "[1,",        "[1,]",
                           "[,1]",   "[1 2]",   "[1]x",  "[NaN]", "[-]",     "[+1]",       "[.5]",
                           "[1.]",   "[01]",    "[-01]", "[1e]",  "[1e+]",   "[Infinity]", "[inf]",
                           "[null]", "[\"1\"]", "[[1]]", "[0x1]", "[1.5.5]", "[--1]"}) {
    EXPECT_EQ(Read(json, 1), std::nullopt) << json;
  }
  EXPECT_EQ(Read("[1,2]", 1), std::nullopt);
  EXPECT_EQ(Read("[1,2]", 3), std::nullopt);
}

TEST(NumberListTest, CountsValues) {
  EXPECT_EQ(CountNumbers("[]"), 0u);
  EXPECT_EQ(CountNumbers("[ ]"), 0u);
  EXPECT_EQ(CountNumbers("[1]"), 1u);
  EXPECT_EQ(CountNumbers("[1, 2,3]"), 3u);
}

}  // namespace
}  // namespace dsw
