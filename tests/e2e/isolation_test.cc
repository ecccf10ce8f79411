// SPDX-License-Identifier: Apache-2.0
//
// Plugins that did not come with the worker run in processes of their own: what they do there, the
// worker survives.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/world.h"

namespace dsw {
namespace {

using testing::HasSubstr;
using testing::Not;

class IsolationTest : public testing::Test {
 protected:
  IsolationTest() {
    world_.AddPlugin(DSW_HOSTILE);
    world_.Set("PLUGIN_ISOLATION", "auto");
    world_.Set("PLUGIN_GRANTS", "io.dsw.sink-sqlite:files");
  }

  World world_;
};

TEST_F(IsolationTest, ATextThatKillsThePluginIsAFailedChunkAndTheOthersAreStored) {
  std::string lines;
  constexpr int kItems = 40;
  for (int i = 0; i < kItems; ++i) {
    const std::string text = i == 23 ? "poison" : "harmless";
    lines += R"({"title": "item )" + std::to_string(i) + R"(", "text": ")" + text + "\"}\n";
  }
  const std::int64_t transform =
      world_.ImportLines("poisoned", lines, {"--embedder", "hostile:crashes_on_poison"});
  world_.Submit(transform);
  ASSERT_EQ(world_.RunUntilIdle(), 0) << world_.Log();
  EXPECT_EQ(world_.PointIds(transform).size(), static_cast<std::size_t>(kItems - 1))
      << world_.Log();
  EXPECT_EQ(world_.Sql("SELECT count(*) FROM dataset_transform_failed_chunks"), "1");
  EXPECT_THAT(world_.Sql("SELECT reason FROM dataset_transform_failed_chunks"),
              HasSubstr("plugin process died: signal 11"));
  EXPECT_TRUE(world_.DeadLetters().empty());
}

TEST_F(IsolationTest, APluginThatNeedsMoreIsRefusedWithTheSettingThatGrantsIt) {
  world_.Set("PLUGIN_GRANTS", "");
  const Output plugins = world_.Run({"plugins"});
  EXPECT_THAT(plugins.out, HasSubstr("refused  sink_sqlite.so: needs \"files\""));
  EXPECT_THAT(plugins.out, HasSubstr("PLUGIN_GRANTS=io.dsw.sink-sqlite:files"));
  EXPECT_THAT(plugins.out, HasSubstr("loaded   hostile.so  io.dsw.hostile 1.0.0  isolated"));
}

TEST_F(IsolationTest, AFileThatHangsWhileItIsLoadedIsRefusedByItsName) {
  world_.AddPlugin(DSW_HOSTILE_HANGS);
  const Output plugins = world_.Run({"plugins"});
  EXPECT_THAT(plugins.out, HasSubstr("refused  hostile_constructor_hangs.so: cannot be loaded: plugin process "
                                     "died: did not answer within"));
  EXPECT_THAT(plugins.out, HasSubstr("loaded   hostile.so"));
}

}  // namespace
}  // namespace dsw
