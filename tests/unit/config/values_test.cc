// SPDX-License-Identifier: Apache-2.0
//
// Texts and the values they stand for.
#include "host/config/values.h"

#include "tests/support/matchers.h"

namespace dsw {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(ValuesTest, AnIntegerIsWithinItsRange) {
  EXPECT_EQ(ParseInteger("1", 1, 3), 1);
  EXPECT_EQ(ParseInteger("3", 1, 3), 3);
  for (const char* bad : {"0", "4", "-1", "1.5", "1x", "", "99999999999999999999"}) {
    EXPECT_FAIL(ParseInteger(bad, 1, 3), Code::kInvalid, "a whole number from 1 to 3") << bad;
  }
}

TEST(ValuesTest, AFlagIsAWordForYesOrNo) {
  for (const char* yes : {"true", "TRUE", "yes", "on", "1"}) EXPECT_EQ(ParseBool(yes), true);
  for (const char* no : {"false", "No", "off", "0"}) EXPECT_EQ(ParseBool(no), false);
  EXPECT_FAIL(ParseBool("enabled"), Code::kInvalid, "true or false");
}

TEST(ValuesTest, ADurationHasItsUnitOrTheSettings) {
  const auto parse = [](std::string_view text) {
    return ParseDuration(text, seconds(1), milliseconds(1), hours(1));
  };
  EXPECT_EQ(parse("30"), seconds(30));
  EXPECT_EQ(parse("30s"), seconds(30));
  EXPECT_EQ(parse("2 m"), minutes(2));
  EXPECT_EQ(parse("1h"), hours(1));
  EXPECT_EQ(parse("1500ms"), milliseconds(1500));
  for (const char* bad : {"0", "2h", "3601", "1d", "s", "-1", "1.5s", "9223372036854775807h"}) {
    EXPECT_FAIL(parse(bad), Code::kInvalid, "a duration from 1ms to 1h, as a number of seconds")
        << bad;
  }
}

TEST(ValuesTest, ADurationIsWrittenInItsLargestExactUnit) {
  EXPECT_EQ(FormatDuration(hours(2)), "2h");
  EXPECT_EQ(FormatDuration(seconds(90)), "90s");
  EXPECT_EQ(FormatDuration(milliseconds(1500)), "1500ms");
  EXPECT_EQ(FormatDuration(milliseconds(0)), "0s");
}

TEST(ValuesTest, AListLeavesOutBlanks) {
  EXPECT_THAT(SplitList(" a, b,,c ,", ','), ElementsAre("a", "b", "c"));
  EXPECT_THAT(SplitList(" , ", ','), IsEmpty());
}

TEST(ValuesTest, EditDistanceCountsASwapOnce) {
  EXPECT_EQ(EditDistance("same", "same"), 0U);
  EXPECT_EQ(EditDistance("smae", "same"), 1U);
  EXPECT_EQ(EditDistance("sam", "same"), 1U);
  EXPECT_EQ(EditDistance("sane", "same"), 1U);
  EXPECT_EQ(EditDistance("", "same"), 4U);
}

}  // namespace
}  // namespace dsw
