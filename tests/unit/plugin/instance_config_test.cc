// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/instance_config.h"

#include "tests/support/matchers.h"

namespace dsw {
namespace {

TEST(InstanceConfigTest, LaterLayersWin) {
  InstanceConfig config;
  ASSERT_OK(config.Overlay("defaults", R"({"threads": 0, "model_dir": "/models"})"));
  ASSERT_OK(config.Overlay("row", R"({"threads": 4})"));
  config.Set("model", "small \"one\"");
  EXPECT_EQ(config.text(), R"({"model":"small \"one\"","model_dir":"/models","threads":4})");
}

TEST(InstanceConfigTest, IsTheSameTextForTheSameSettings) {
  InstanceConfig one;
  InstanceConfig other;
  ASSERT_OK(one.Overlay("a", R"({"b": 1, "a": {"y": 2, "x": 3}})"));
  ASSERT_OK(other.Overlay("b", R"( {"a":{"x":3,"y":2},"b":1} )"));
  EXPECT_EQ(one.text(), other.text());
}

TEST(InstanceConfigTest, IsAnEmptyObjectAtFirst) {
  InstanceConfig config;
  ASSERT_OK(config.Overlay("nothing", ""));
  EXPECT_EQ(config.text(), "{}");
}

TEST(InstanceConfigTest, RefusesWhatIsNestedTooDeeplyToBeWritten) {
  InstanceConfig config;
  const std::string nested = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_FAIL(config.Overlay("embedder 7", "{\"a\":" + nested + "}"), Code::kInvalid,
              "embedder 7 is nested more than 64 levels deep");
  EXPECT_EQ(config.text(), "{}");
}

TEST(InstanceConfigTest, NamesTheLayerThatIsNotAnObject) {
  InstanceConfig config;
  EXPECT_FAIL(config.Overlay("embedder 7", "[]"), Code::kInvalid, "embedder 7");
  EXPECT_FAIL(config.Overlay("embedder 7", "{\"a\""), Code::kInvalid, "embedder 7");
}

}  // namespace
}  // namespace dsw
