// SPDX-License-Identifier: Apache-2.0
//
// Plugins that were built outside of this tree, against the installed SDK, dropped into the plugin
// directory of a worker that knows nothing of them.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/e2e/world.h"

namespace dsw {
namespace {

namespace fs = std::filesystem;

class OutOfTreeTest : public testing::Test {
 protected:
  OutOfTreeTest() {
    Shell(fmt::format("{} --install {} --component sdk-dev --prefix {}", DSW_CMAKE, DSW_BINARY_DIR,
                      Prefix().string()));
  }

  fs::path Prefix() const { return world_.directory() / "prefix"; }
  fs::path Example(const std::string& name) const {
    return Prefix() / "share/dsw-sdk/examples" / name;
  }
  static void Shell(const std::string& script) {
    Command command;
    command.argv = {"/bin/sh", "-ec", script};
    const Output output = RunCommand(command, {}, std::chrono::minutes(4));
    ASSERT_TRUE(output.status.ok()) << output.out << output.err;
  }

  /// Embeds three items through the provider, and asks for one of them.
  void ServeAJob(const std::string& provider) {
    const std::int64_t transform = world_.ImportLines("letters",
                                                      R"({"title":"one","text":"aaaa"}
{"title":"two","text":"bbbb"}
{"title":"three","text":"cccc"}
)",
                                                      {"--embedder", provider + ":"});
    world_.Submit(transform);
    ASSERT_EQ(world_.RunUntilIdle(), 0) << world_.Log();
    EXPECT_EQ(world_.PointIds(transform), world_.ExpectedPointIds(transform));
    const Output found =
        world_.Run({"search", "--transform", std::to_string(transform), "--json", "-k", "1", "bb"});
    ASSERT_TRUE(found.status.ok()) << found.err;
    EXPECT_EQ(nlohmann::json::parse(found.out)["results"][0]["payload"]["title"], "two");
  }

  World world_;
};

TEST_F(OutOfTreeTest, APluginInCByThePlainCompilerServesAJob) {
  const fs::path plugin = world_.directory() / "echo_c.so";
  Shell(
      fmt::format("export PKG_CONFIG_PATH=$(find {} -name pkgconfig); cc -std=c99 -O2 {} -o {} "
                  "$(pkg-config --cflags --libs dsw-sdk) -lm",
                  Prefix().string(), (Example("echo-c") / "echo.c").string(), plugin.string()));
  world_.AddPlugin(plugin);
  ServeAJob("echo-c");
}

TEST_F(OutOfTreeTest, APluginInCppByCMakeServesAJob) {
  const fs::path build = world_.directory() / "build";
  Shell(
      fmt::format("{0} -S {1} -B {2} -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH={3} && "
                  "{0} --build {2}",
                  DSW_CMAKE, Example("echo-cpp").string(), build.string(), Prefix().string()));
  world_.AddPlugin(build / "echo_cpp.so");
  ServeAJob("echo-cpp");
}

}  // namespace
}  // namespace dsw
