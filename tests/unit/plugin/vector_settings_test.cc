// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/vector_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dsw {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;

TEST(VectorSettingsTest, AreThoseThatTheSchemaMarks) {
  EXPECT_THAT(VectorSettings(R"({"properties":{"a":{"x-dsw-vectors":true},"b":{"type":"string"},
                                 "c":{"x-dsw-vectors":false},"d":{"x-dsw-vectors":true}}})"),
              Optional(ElementsAre("a", "d")));
  EXPECT_THAT(VectorSettings("{}"), Optional(IsEmpty()));
}

TEST(VectorSettingsTest, AreNotKnownWithoutASchema) {
  EXPECT_EQ(VectorSettings(""), std::nullopt);
  EXPECT_EQ(VectorSettings("{not json"), std::nullopt);
  EXPECT_EQ(VectorSettings("[]"), std::nullopt);
}

}  // namespace
}  // namespace dsw
