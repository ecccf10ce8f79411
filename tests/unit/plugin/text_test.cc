// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/text.h"

#include <gtest/gtest.h>

namespace dsw {
namespace {

TEST(ViewOfTest, TakesANullPointerForNoText) {
  EXPECT_EQ(ViewOf({nullptr, 7}), "");
}

}  // namespace
}  // namespace dsw
