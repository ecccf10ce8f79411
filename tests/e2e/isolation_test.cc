// SPDX-License-Identifier: Apache-2.0
//
// Plugins that did not come with the worker run in processes of their own: what they do there, the
// worker survives.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

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
  EXPECT_THAT(plugins.out,
              HasSubstr("refused  hostile_constructor_hangs.so: cannot be loaded: plugin process "
                        "died: did not answer within"));
  EXPECT_THAT(plugins.out, HasSubstr("loaded   hostile.so"));
}

/// What the worker on METRICS_PORT says of its plugin of this file.
nlohmann::json ProcessOf(const Output& status, const std::string& file) {
  const nlohmann::json plugins = nlohmann::json::parse(status.out).at("plugins");
  for (const nlohmann::json& plugin : plugins) {
    if (plugin.at("file").get<std::string>().ends_with("/" + file)) return plugin;
  }
  return nlohmann::json::object();
}

TEST_F(IsolationTest, AQuarantinedPluginIsShownAndReleasedByCommand) {
  world_.Set("METRICS_PORT", std::to_string(FreePort()));
  world_.Set("MAX_RETRIES", "50");
  const std::int64_t transform = world_.ImportLines(
      "doomed", R"({"title": "one", "text": "poison"})", {"--embedder", "hostile:embed:crashes"});
  world_.Submit(transform);
  const Process worker = world_.StartWorker();
  const auto state = [this] {
    const Output status = world_.Run({"plugins", "status", "--json"});
    return status.status.ok() ? ProcessOf(status, "hostile.so") : nlohmann::json::object();
  };
  ASSERT_TRUE(Eventually([&] { return state().value("state", "") == "quarantined"; },
                         std::chrono::seconds(100)))
      << world_.Log();
  EXPECT_THAT(world_.Run({"plugins", "status"}).out, HasSubstr("hostile.so  io.dsw.hostile  "
                                                               "quarantined"));
  EXPECT_THAT(world_.Log(), HasSubstr("a plugin is quarantined"));
  const std::string sha256 = state().at("sha256");
  const Output none = world_.Run({"plugins", "release", "0000"});
  EXPECT_EQ(none.status.code, 1);
  EXPECT_THAT(none.err, HasSubstr("no plugin whose sha256 begins so is quarantined"));
  EXPECT_TRUE(world_.Run({"plugins", "release", sha256.substr(0, 12)}).status.ok());
  EXPECT_THAT(world_.Log(), HasSubstr("quarantine is over"));
}

TEST_F(IsolationTest, NoJobIsLostWhileItsPluginIsReplacedAHundredTimes) {
  world_.Set("METRICS_PORT", std::to_string(FreePort()));
  world_.Set("EMBEDDER_MAX_RETRIES", "0");
  world_.Set("MAX_EMBEDDER_REQUESTS_PER_SECOND", "0");
  world_.Set("PLUGIN_GRANTS", "io.dsw.sink-sqlite:files");
  std::vector<std::int64_t> transforms;
  for (int i = 0; i < 4; ++i) {
    const std::int64_t transform =
        world_.ImportItems("replaced" + std::to_string(i), 200, 10, "{}", "hostile:slow");
    transforms.push_back(transform);
  }
  world_.Sql("UPDATE embedders SET batch_size = 2");
  Process worker = world_.StartWorker();
  ASSERT_TRUE(Eventually([&] { return world_.Run({"plugins", "status"}).status.ok(); }));
  for (const std::int64_t transform : transforms) world_.Submit(transform);
  for (int i = 0; i < 100; ++i) {
    world_.AddPlugin(i % 2 == 0 ? DSW_HOSTILE_DUPLICATE : DSW_HOSTILE, "hostile.so");
    // What inotify has not noticed yet, this does.
    ASSERT_TRUE(world_.Run({"plugins", "reload"}).status.ok()) << world_.Log();
  }
  ASSERT_TRUE(Eventually([&] {
    return world_.Sql(
               "SELECT count(*) FROM dataset_transform_batches "
               "WHERE status = 'success'") != "0";
  }));
  worker.Signal(SIGTERM);
  ASSERT_TRUE(worker.Wait(std::chrono::seconds(40)));
  ASSERT_EQ(world_.RunUntilIdle(), 0) << world_.Log();
  for (const std::int64_t transform : transforms) {
    EXPECT_EQ(world_.PointIds(transform), world_.ExpectedPointIds(transform));
  }
  EXPECT_TRUE(world_.DeadLetters().empty());
  EXPECT_EQ(world_.Sql("SELECT count(*) FROM dataset_transform_failed_chunks"), "0");
}

TEST_F(IsolationTest, AFileThatIsPutThereIsTakenByItself) {
  world_.Set("METRICS_PORT", std::to_string(FreePort()));
  std::filesystem::remove(world_.directory() / "plugins/hostile.so");
  const Process worker = world_.StartWorker();
  ASSERT_TRUE(Eventually([&] { return world_.Run({"plugins", "status"}).status.ok(); }));
  EXPECT_THAT(world_.Run({"plugins", "status"}).out, Not(HasSubstr("hostile.so")));
  world_.AddPlugin(DSW_HOSTILE);
  EXPECT_TRUE(Eventually([&] {
    return world_.Run({"plugins", "status"}).out.find("hostile.so") != std::string::npos;
  })) << world_.Log();
  std::filesystem::remove(world_.directory() / "plugins/hostile.so");
  EXPECT_TRUE(Eventually([&] {
    return world_.Run({"plugins", "status"}).out.find("hostile.so") == std::string::npos;
  })) << world_.Log();
}

}  // namespace
}  // namespace dsw
