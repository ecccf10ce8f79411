// SPDX-License-Identifier: Apache-2.0
//
// Plugins whose first step would be the worker's last.
#include "host/plugin/loader.h"
#include "tests/integration/plugin/hostile_plugins.h"
#include "tests/integration/plugin/load_modes.h"
#include "tests/integration/plugin/plugin_directory.h"
#include "tests/support/matchers.h"

namespace dsw {
namespace {

class TryOutTest : public testing::TestWithParam<Isolation> {
 protected:
  /// The reason for which the plugin is refused; another one beside it still is loaded.
  static std::string ReasonOf(const std::string& name) {
    const PluginDirectory directory;
    directory.Add(Hostile(name));
    directory.Add(EMBED_TEST_SO);
    LoadOptions options = OptionsFor(GetParam());
    options.runner = PLUGIN_RUNNER;
    options.limit = std::chrono::seconds(3);
    const LoadedPlugins plugins = directory.Load(options);
    EXPECT_TRUE(ReportOn(plugins, "embed_test.so").loaded);
    const PluginReport report = ReportOn(plugins, name + ".so");
    EXPECT_FALSE(report.loaded);
    return report.reason;
  }
};

TEST_P(TryOutTest, RefusesAConstructorThatHangs) {
  EXPECT_EQ(ReasonOf("hostile_constructor_hangs"),
            "cannot be loaded: plugin process died: did not answer within 3000 ms");
}

TEST_P(TryOutTest, RefusesAnEntryFunctionThatExits) {
  EXPECT_EQ(ReasonOf("hostile_entry_exits_with_0"),
            "hostile_entry_exits_with_0.so: plugin process died: exited with 0");
}

TEST_P(TryOutTest, RefusesAnInitThatCrashes) {
  EXPECT_EQ(ReasonOf("hostile_init_crashes"),
            "hostile_init_crashes.so: plugin process died: signal 11");
}

INSTANTIATE_TEST_SUITE_P(Modes, TryOutTest, BothModes(), ModeOf);

}  // namespace
}  // namespace dsw
