// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/maker.h"

#include <gtest/gtest.h>

#include "tests/support/fakes.h"

namespace dsw {
namespace {

class MakerTest : public testing::Test {
 protected:
  std::string Maker() { return MakerOf(embedder_, config_, dimensions_); }

  FakeEmbedder embedder_;
  EmbedderConfig config_{.embedder_id = 1,
                         .provider = "fake",
                         .model = "m",
                         .base_url = "http://a",
                         .api_key = {},
                         .config_json = R"({"task":"x","user":"u"})",
                         .batch_size = 10,
                         .max_input_tokens = 100,
                         .truncate = Truncate::kNone};
  std::uint32_t dimensions_ = 8;
};

TEST_F(MakerTest, WhatMakesVectorsDifferentMakesItDifferent) {
  const std::string before = Maker();
  config_.model = "n";
  EXPECT_NE(Maker(), before);
  config_.model = "m";
  dimensions_ = 9;
  EXPECT_NE(Maker(), before);
  dimensions_ = 8;
  config_.truncate = Truncate::kEnd;
  EXPECT_NE(Maker(), before);
  config_.truncate = Truncate::kNone;
  config_.config_json = R"({"task":"y","user":"u"})";
  EXPECT_NE(Maker(), before);
}

TEST_F(MakerTest, WhereAndHowMuchAtATimeMakesNoDifference) {
  const std::string before = Maker();
  config_.base_url = "http://b";
  config_.api_key = Secret("key");
  config_.batch_size = 20;
  config_.max_input_tokens = 50;
  config_.config_json = R"({"user":"u","task":"x","base_url":"http://c"})";
  EXPECT_EQ(Maker(), before);
}

TEST_F(MakerTest, OfSettingsThatAreToldApartOnlyTheDecidingOnesCount) {
  embedder_.settings = {"task"};
  const std::string before = Maker();
  config_.config_json = R"({"task":"x","user":"v"})";
  EXPECT_EQ(Maker(), before);
  config_.config_json = R"({"task":"y","user":"v"})";
  EXPECT_NE(Maker(), before);
}

TEST_F(MakerTest, IsAKilobyteAtMostAndStillDifferent) {
  config_.model = std::string(3000, 'a');
  config_.config_json = R"({"task":")" + std::string(3000, 'x') + R"("})";
  const std::string before = Maker();
  EXPECT_LE(before.size(), kMostMakerBytes);
  config_.model.back() = 'b';
  EXPECT_NE(Maker(), before);
}

}  // namespace
}  // namespace dsw
