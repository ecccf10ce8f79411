// SPDX-License-Identifier: Apache-2.0
//
// A stranger's way: install the SDK, build the examples against it outside of this tree, drop the
// results into a plugin directory, use them.
#include <cstdlib>

#include "host/plugin/catalog.h"
#include "tests/integration/plugin/plugin_directory.h"
#include "tests/support/matchers.h"
#include "tests/support/process.h"

namespace dsw {
namespace {

namespace fs = std::filesystem;

class SdkTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    work_ = new TempDir;
    Run({CMAKE, "--install", BINARY_DIR, "--component", "sdk-dev", "--prefix", Prefix()});
  }
  static void TearDownTestSuite() {
    delete work_;
    work_ = nullptr;
  }

  static fs::path Work() { return work_->path(); }
  static fs::path Prefix() { return work_->path() / "prefix"; }
  /// The example as it was installed, copied to a folder of the author's.
  static fs::path Example(const std::string& name, const std::string& copy) {
    const fs::path target = Work() / copy;
    fs::copy(Prefix() / "share/dsw-sdk/examples" / name, target, fs::copy_options::recursive);
    return target;
  }

  static Output Try(const std::vector<std::string>& argv) {
    Command command;
    command.argv = argv;
    return RunCommand(command, {}, std::chrono::minutes(4));
  }
  static std::string Run(const std::vector<std::string>& argv) {
    const Output output = Try(argv);
    EXPECT_TRUE(output.status.ok()) << argv[0] << " failed:\n" << output.out << output.err;
    return output.out;
  }
  static std::string Shell(const std::string& script) { return Run({"/bin/sh", "-ec", script}); }

  static void BuildWithCMake(const fs::path& source) {
    Run({CMAKE, "-S", source, "-B", source / "build", "-DCMAKE_BUILD_TYPE=Release",
         "-DCMAKE_PREFIX_PATH=" + Prefix().string()});
    Run({CMAKE, "--build", source / "build"});
  }

  static Vectors Embed(const PluginDirectory& directory, const std::string& provider,
                       std::vector<std::string_view> texts, const std::string& config_json = "") {
    const LoadedPlugins plugins = directory.Load();
    for (const PluginReport& report : plugins.files()) {
      EXPECT_TRUE(report.loaded) << report.file << ": " << report.reason;
    }
    LoadedCatalog catalog(plugins, {});
    EmbedderConfig config;
    config.provider = provider;
    config.config_json = config_json;
    auto embedder = catalog.OpenEmbedder(config);
    EXPECT_OK(embedder);
    if (!embedder) return {};
    auto vectors = (*embedder)->Embed({}, texts, InputType::kDocument);
    EXPECT_OK(vectors);
    return vectors ? *std::move(vectors) : Vectors{};
  }

 private:
  static inline TempDir* work_ = nullptr;
};

TEST_F(SdkTest, APluginInCIsBuiltByThePlainCompilerAndUsed) {
  const fs::path source = Example("echo-c", "plain-c");
  const fs::path plugin = source / "echo_c.so";
  Shell("export PKG_CONFIG_PATH=$(find " + Prefix().string() +
        " -name pkgconfig); cc -std=c99 -O2 " + "-Wall -Wextra -Werror -pedantic " +
        (source / "echo.c").string() + " -o " + plugin.string() +
        " $(pkg-config --cflags --libs dsw-sdk) -lm");
  const PluginDirectory directory;
  directory.Add(plugin);
  const Vectors vectors = Embed(directory, "echo-c", {"aaab bb", "", "Zz"});
  ASSERT_EQ(vectors.matrix.rows(), 3u);
  ASSERT_EQ(vectors.matrix.dimensions(), 26u);
  EXPECT_NEAR(vectors.matrix.row(0)[0], std::sqrt(0.5), 1e-6);
  EXPECT_NEAR(vectors.matrix.row(0)[1], std::sqrt(0.5), 1e-6);
  EXPECT_THAT(vectors.matrix.row(1), testing::Each(0.0f));
  EXPECT_EQ(vectors.matrix.row(2)[25], 1.0f);
}

TEST_F(SdkTest, APluginInCIsBuiltByCMakeToo) {
  const fs::path source = Example("echo-c", "cmake-c");
  BuildWithCMake(source);
  const PluginDirectory directory;
  directory.Add(source / "build/echo_c.so");
  EXPECT_EQ(Embed(directory, "echo-c", {"text"}).matrix.dimensions(), 26u);
}

TEST_F(SdkTest, APluginInCppIsBuiltByCMakeAndUsed) {
  const fs::path source = Example("echo-cpp", "cmake-cpp");
  BuildWithCMake(source);
  const fs::path plugin = source / "build/echo_cpp.so";
  const PluginDirectory directory;
  directory.Add(plugin);
  const Vectors vectors = Embed(directory, "echo-cpp", {"Aa"}, R"({"fold_case": true})");
  ASSERT_EQ(vectors.matrix.dimensions(), 256u);
  EXPECT_EQ(vectors.matrix.row(0)['a'], 1.0f);

  // One exported symbol, and a C++ library of its own.
  const std::string symbols = Run({"nm", "-D", "--defined-only", plugin});
  EXPECT_THAT(symbols, testing::MatchesRegex("[0-9a-f]+ T dsw_plugin_entry_v0\n"));
  const std::string needed = Run({"readelf", "-dW", plugin});
  EXPECT_THAT(needed, testing::Not(testing::HasSubstr("libstdc++")));
  EXPECT_THAT(needed, testing::Not(testing::ContainsRegex("R(UN)?PATH")));
  EXPECT_THAT(needed, testing::HasSubstr("NOW"));
}

TEST_F(SdkTest, TheManifestSurvivesStrippingAndSectionCollection) {
  const fs::path source = Example("echo-c", "stripped-c");
  const fs::path plugin = source / "echo_c.so";
  Shell("export PKG_CONFIG_PATH=$(find " + Prefix().string() +
        " -name pkgconfig); cc -std=c99 -O2 " +
        "-ffunction-sections -fdata-sections -flto -Wl,--gc-sections -s " +
        (source / "echo.c").string() + " -o " + plugin.string() +
        " $(pkg-config --cflags --libs dsw-sdk) -lm; strip --strip-all " + plugin.string());
  const PluginDirectory directory;
  directory.Add(plugin);
  EXPECT_EQ(Embed(directory, "echo-c", {"text"}).matrix.dimensions(), 26u);
}

TEST_F(SdkTest, AManifestIsCheckedWhenTheBuildIsConfigured) {
  const fs::path source = Example("echo-c", "bad-manifest");
  const auto configure = [&](std::string_view manifest) {
    WriteFile(source / "plugin.json", manifest);
    return Try(
        {CMAKE, "-S", source, "-B", source / "build", "-DCMAKE_PREFIX_PATH=" + Prefix().string()});
  };
  EXPECT_THAT(configure("{\"id\": ").err, testing::HasSubstr("plugin.json"));
  EXPECT_THAT(configure(R"({"version": "1"})").err, testing::HasSubstr("\"id\" must be a string"));
  EXPECT_THAT(configure(R"({"abi": [0, 1], "id": "a", "version": "1", "vendor": "v",
                            "license": "MIT", "providers": []})")
                  .err,
              testing::HasSubstr("remove \"abi\""));
}

TEST_F(SdkTest, AManifestMayHoldAnyText) {
  const fs::path source = Example("echo-c", "odd-manifest");
  std::string manifest = ReadFile(source / "plugin.json");
  const std::string vendor = "Ex \\\"a\\\" \\\\ ?\?= é; [x]; ${y} @z@ \\u00e9";
  manifest.replace(manifest.find("Example"), 7, vendor);
  WriteFile(source / "plugin.json", manifest);
  BuildWithCMake(source);
  const PluginDirectory directory;
  directory.Add(source / "build/echo_c.so");
  EXPECT_EQ(directory.Load().files().at(0).vendor, "Ex \"a\" \\ ?\?= é; [x]; ${y} @z@ é");
}

}  // namespace
}  // namespace dsw
