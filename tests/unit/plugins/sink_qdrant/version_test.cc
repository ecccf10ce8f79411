// SPDX-License-Identifier: Apache-2.0
#include "plugins/sink_qdrant/version.h"

#include <gtest/gtest.h>

namespace dsw::qdrant {
namespace {

TEST(QdrantVersionTest, ComparesTheMinor) {
  EXPECT_TRUE(AtLeast("1.16.0", 16));
  EXPECT_TRUE(AtLeast("1.19.3-dev", 16));
  EXPECT_TRUE(AtLeast("2.0.0", 16));
  EXPECT_FALSE(AtLeast("1.15.9", 16));
  EXPECT_FALSE(AtLeast("1", 16));
  EXPECT_FALSE(AtLeast("", 16));
  EXPECT_FALSE(AtLeast("0.99.0", 16));
}

}  // namespace
}  // namespace dsw::qdrant
