// SPDX-License-Identifier: Apache-2.0
#include "host/domain/stamp.h"

#include <gtest/gtest.h>

namespace dsw {
namespace {

TEST(StampTest, ReadsWhatAPointTells) {
  const Stamp stamp = ReadStamp(R"({"ed":7,"h":"900150983cd24fb0","m":"1a2b3c4d","t":12})");
  EXPECT_EQ(stamp.embedded_dataset_id, 7);
  EXPECT_EQ(stamp.hash, "900150983cd24fb0");
  EXPECT_EQ(stamp.maker, "1a2b3c4d");
  EXPECT_EQ(stamp.token, 12);
}

TEST(StampTest, TakesAnyText) {
  for (const char* text : {"", "{", "[]", "7", R"({"ed":"7","h":1,"m":null,"t":1.5})"}) {
    const Stamp stamp = ReadStamp(text);
    EXPECT_EQ(stamp.embedded_dataset_id, std::nullopt) << text;
    EXPECT_EQ(stamp.hash + stamp.maker, "") << text;
    EXPECT_EQ(stamp.token, 0) << text;
  }
}

}  // namespace
}  // namespace dsw
