// SPDX-License-Identifier: Apache-2.0
// Settings of an instance.
#include "plugins/embed_fastembed/config.h"

#include <gtest/gtest.h>

#include "tests/unit/plugins/embed_fastembed/support.h"

namespace dsw::fastembed {
namespace {

TEST(FastEmbedConfigTest, ReadsEveryKey) {
  const Config config = ParseConfig(R"({"model": "m", "model_dir": "/models", "threads": 3,
      "onnxruntime_lib": "/lib/x.so", "max_length": 77, "pooling": "mean", "normalize": false})");
  EXPECT_EQ(config.model, "m");
  EXPECT_EQ(config.model_dir, "/models");
  EXPECT_EQ(config.onnxruntime_lib, "/lib/x.so");
  EXPECT_EQ(config.threads, 3u);
  EXPECT_EQ(config.max_length, 77u);
  EXPECT_EQ(config.pooling, Pooling::kMean);
  EXPECT_FALSE(config.normalize);
}

TEST(FastEmbedConfigTest, LeavesTheRestToTheModel) {
  const Config config = ParseConfig(R"({"model": "m", "threads": 0, "pooling": null})");
  EXPECT_GE(config.threads, 1u);
  EXPECT_FALSE(config.max_length);
  EXPECT_FALSE(config.pooling);
  EXPECT_TRUE(config.normalize);
}

TEST(FastEmbedConfigTest, NamesThePointerOfAMistake) {
  const auto expect = [](const char* json, const char* pointer) {
    ExpectFailure([&] { ParseConfig(json); }, DSW_E_INVALID_CONFIG, {pointer});
  };
  expect(R"({})", "/model:");
  expect(R"({"model": 7})", "/model:");
  expect(R"({"model": "m", "base_url": "http://x"})", "/base_url:");
  expect(R"({"model": "m", "threads": -1})", "/threads:");
  expect(R"({"model": "m", "threads": "2"})", "/threads:");
  expect(R"({"model": "m", "max_length": 2})", "/max_length:");
  expect(R"({"model": "m", "pooling": "max"})", "/pooling:");
  expect(R"({"model": "m", "normalize": 1})", "/normalize:");
  expect("[]", "not a JSON object");
}

}  // namespace
}  // namespace dsw::fastembed
