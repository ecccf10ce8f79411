// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/loader.h"

#include <cmath>
#include <limits>

#include "host/base/log.h"
#include "tests/integration/plugin/hostile_plugins.h"
#include "tests/integration/plugin/load_modes.h"
#include "tests/integration/plugin/plugin_directory.h"
#include "tests/support/matchers.h"

namespace dsw {
namespace {

namespace fs = std::filesystem;

/// Counts the lines that are meant to be noticed.
class WarningCounter final : public LogBackend {
 public:
  WarningCounter() { SetLogBackend(this); }
  ~WarningCounter() override { SetLogBackend(nullptr); }
  bool Enabled(LogLevel level, std::string_view) const override { return level >= LogLevel::kWarn; }
  void Write(LogLevel level, std::string_view, std::string_view,
             std::span<const LogField>) override {
    if (level >= LogLevel::kWarn) ++count_;
  }
  std::size_t count() const { return count_; }

 private:
  std::size_t count_ = 0;
};

class LoaderTest : public testing::TestWithParam<Isolation> {
 protected:
  static LoadedPlugins Load(const PluginDirectory& directory) {
    return directory.Load(OptionsFor(GetParam()));
  }

  /// Loads one file; expects that it is refused for a reason that contains `part`.
  static void ExpectRefused(const PluginDirectory& directory, const fs::path& file,
                            std::string_view part) {
    const LoadedPlugins plugins = Load(directory);
    ASSERT_EQ(plugins.files().size(), 1u);
    const PluginReport report = plugins.files()[0];
    EXPECT_EQ(report.file, fs::canonical(directory.path()) / file.filename());
    EXPECT_FALSE(report.loaded);
    EXPECT_THAT(report.reason, testing::HasSubstr(std::string(part)));
    EXPECT_TRUE(plugins.providers().empty());
  }

  static void ExpectHostileRefused(const std::string& name, std::string_view part) {
    const PluginDirectory directory;
    ExpectRefused(directory, directory.Add(Hostile(name)), part);
  }
};

TEST_P(LoaderTest, ReportsWhatAPluginOffers) {
  const PluginDirectory directory;
  directory.Add(EMBED_TEST_SO);
  const LoadedPlugins plugins = Load(directory);
  ASSERT_EQ(plugins.files().size(), 1u);
  const PluginReport report = plugins.files()[0];
  EXPECT_TRUE(report.loaded) << report.reason;
  EXPECT_EQ(report.reason, "");
  EXPECT_THAT(report.sha256, testing::MatchesRegex("[0-9a-f]{64}"));
  EXPECT_EQ(report.id, "io.dsw.embed-test");
  EXPECT_EQ(report.version, "1.0.0");
  EXPECT_EQ(report.abi, HostAbiVersion());
  EXPECT_EQ(report.vendor, "Datasets worker");
  EXPECT_EQ(report.license, "Apache-2.0");
  ASSERT_EQ(report.providers.size(), 1u);
  EXPECT_EQ(KindName(report.providers[0].kind), "embedder");
  EXPECT_EQ(report.providers[0].id, "test");
  ASSERT_EQ(report.providers[0].models.size(), 3u);
  EXPECT_EQ(report.providers[0].models[2].id, "hash-384");
  EXPECT_EQ(report.providers[0].models[2].dimensions, 384u);
  EXPECT_NE(plugins.Find(ProviderKind::kEmbedder, "test"), nullptr);
  EXPECT_EQ(plugins.Find(ProviderKind::kSink, "test"), nullptr);
  EXPECT_OK(plugins.CheckUnique());
}

TEST_P(LoaderTest, KnowsTheDigestOfAFile) {
  const PluginDirectory directory;
  WriteFile(directory.path() / "abc.so", "abc");
  // The example of FIPS 180-2, appendix B.1.
  EXPECT_EQ(Load(directory).files().at(0).sha256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_P(LoaderTest, TakesFilesInByteOrderOfTheirNamesAndGoesOnAfterABadOne) {
  const PluginDirectory directory;
  directory.Add(EMBED_TEST_SO, "c.so");
  directory.Add(Hostile("hostile"));
  WriteFile(directory.path() / "B.so", "not a plugin");
  WriteFile(directory.path() / "a.so", "not a plugin");
  WriteFile(directory.path() / "notes.txt", "not looked at");
  WriteFile(directory.path() / ".hidden.so", "not looked at");
  WriteFile(directory.path() / "old.so.tmp", "not looked at");
  const LoadedPlugins plugins = Load(directory);
  std::vector<std::string> names;
  for (const PluginReport& report : plugins.files()) {
    names.push_back(fs::path(report.file).filename());
  }
  EXPECT_THAT(names, testing::ElementsAre("B.so", "a.so", "c.so", "hostile.so"));
  EXPECT_NE(plugins.Find(ProviderKind::kEmbedder, "test"), nullptr);
  EXPECT_NE(plugins.Find(ProviderKind::kEmbedder, "hostile"), nullptr);
}

TEST_P(LoaderTest, ReportsADirectoryThatDoesNotExistAndGoesOn) {
  const PluginDirectory directory;
  directory.Add(EMBED_TEST_SO);
  const fs::path missing = directory.path() / "missing";
  const LoadedPlugins plugins(std::array{missing, directory.path(), directory.path() / "."},
                              OptionsFor(GetParam()));
  ASSERT_EQ(plugins.directories().size(), 2u) << "one directory twice is read once";
  EXPECT_EQ(plugins.directories()[0].path, missing);
  EXPECT_EQ(plugins.directories()[0].problem, "No such file or directory");
  EXPECT_EQ(plugins.directories()[1].problem, "");
  EXPECT_NE(plugins.Find(ProviderKind::kEmbedder, "test"), nullptr);
}

TEST_P(LoaderTest, RefusesWhatIsNotAPlugin) {
  const PluginDirectory directory;
  WriteFile(directory.path() / "x.so", "#!/bin/sh\n");
  ExpectRefused(directory, "x.so", "is not an ELF file");
}

TEST_P(LoaderTest, RefusesWhatCannotBeRead) {
  const PluginDirectory directory;
  fs::create_symlink("nowhere", directory.path() / "x.so");
  ExpectRefused(directory, "x.so", "cannot be read: No such file or directory");
}

TEST_P(LoaderTest, RefusesWhatIsNotAFile) {
  const PluginDirectory directory;
  fs::create_directory(directory.path() / "x.so");
  ExpectRefused(directory, "x.so", "is not a regular file");
}

TEST_P(LoaderTest, RefusesAFileThatOthersCanChange) {
  const PluginDirectory directory;
  const fs::path file = directory.Add(EMBED_TEST_SO);
  fs::permissions(file, fs::perms(0646));
  ExpectRefused(directory, file, "embed_test.so (mode 0646) can be changed by others");
  ExpectRefused(directory, file, "run: chmod go-w " + fs::canonical(file).string());
}

TEST_P(LoaderTest, WarnsOnceOfADirectoryThatAGroupCanChange) {
  const PluginDirectory directory;
  directory.Add(EMBED_TEST_SO);
  directory.Add(Hostile("hostile_fast_math"));
  fs::permissions(directory.path(), fs::perms(02775));
  const WarningCounter warnings;
  const LoadedPlugins plugins = Load(directory);
  for (const PluginReport& report : plugins.files()) {
    EXPECT_TRUE(report.loaded) << report.reason;
    EXPECT_THAT(report.warning, testing::HasSubstr("(mode 2775) can be changed by others; run: "));
  }
  EXPECT_EQ(plugins.files().size(), 2u);
  EXPECT_EQ(warnings.count(), 1u);
}

TEST_P(LoaderTest, RefusesFilesOfADirectoryThatOthersCanChange) {
  const PluginDirectory directory;
  const fs::path file = directory.Add(EMBED_TEST_SO);
  fs::permissions(directory.path(), fs::perms(01777));
  ExpectRefused(directory, file, "(mode 1777) can be changed by others");
}

TEST_P(LoaderTest, LooksAtTheModeOfWhatALinkPointsTo) {
  const PluginDirectory elsewhere;
  const PluginDirectory directory;
  const fs::path file = elsewhere.Add(EMBED_TEST_SO);
  fs::create_symlink(file, directory.path() / "link.so");
  EXPECT_TRUE(ReportOn(Load(directory), "link.so").loaded);
  EXPECT_THAT(ReportOn(Load(directory), "link.so").warning,
              testing::HasSubstr("is a link out of its directory, to "));
  fs::permissions(elsewhere.path(), fs::perms(0777));
  ExpectRefused(directory, "link.so", "(mode 0777) can be changed by others");
}

TEST_P(LoaderTest, RefusesALibraryThatIsNotAPlugin) {
  ExpectHostileRefused("hostile_no_entry", "is not a plugin: it has no symbol dsw_plugin_entry_v0");
}

TEST_P(LoaderTest, NamesTheEntryOfAnotherMajor) {
  ExpectHostileRefused("hostile_other_major",
                       "it has dsw_plugin_entry_v9, this worker needs dsw_plugin_entry_v0");
}

TEST_P(LoaderTest, RefusesAPluginWithoutManifest) {
  ExpectHostileRefused("hostile_no_note", "has no manifest (section .note.dsw)");
}

TEST_P(LoaderTest, RefusesAPluginThatNeedsANewerHost) {
  ExpectHostileRefused("hostile_newer_host",
                       "io.dsw.hostile_newer_host needs a worker with ABI 0.4000000000 or newer, "
                       "this one has 0.3");
}

TEST_P(LoaderTest, RefusesAPluginWhoseTableContradictsItsManifest) {
  ExpectHostileRefused("hostile_note_disagrees",
                       "the version is 1.0.0 in the manifest and 6.6.6 in the table");
}

TEST_P(LoaderTest, RefusesAPluginWithATableOfNoSize) {
  ExpectHostileRefused("hostile_short_table", "dsw_plugin.struct_size is 16");
}

TEST_P(LoaderTest, RefusesAPluginWithoutATable) {
  ExpectHostileRefused("hostile_null_table", "succeeded without setting it");
}

TEST_P(LoaderTest, SurvivesAnExceptionOutOfTheEntryFunction) {
  ExpectHostileRefused("hostile_throws_in_entry",
                       "misbehaved: hostile_throws_in_entry.so threw an exception: thrown at the "
                       "door");
}

TEST_P(LoaderTest, PassesOnWhyAPluginCouldNotStart) {
  ExpectHostileRefused("hostile_fails_init", "hostile_fails_init.so: libwanted.so is missing");
}

TEST_P(LoaderTest, KeepsWhatTheManifestSaysOfARefusedPlugin) {
  const PluginDirectory directory;
  directory.Add(Hostile("hostile_fails_init"));
  const LoadedPlugins plugins = Load(directory);
  EXPECT_EQ(plugins.files().at(0).id, "io.dsw.hostile_fails_init");
  EXPECT_EQ(plugins.files().at(0).providers.size(), 1u);
}

TEST_P(LoaderTest, RefusesTheSecondFileWithAProviderAndNamesBoth) {
  const PluginDirectory directory;
  directory.Add(Hostile("hostile"));
  directory.Add(Hostile("hostile_duplicate"));
  const LoadedPlugins plugins = Load(directory);
  EXPECT_TRUE(ReportOn(plugins, "hostile.so").loaded);
  const PluginReport second = ReportOn(plugins, "hostile_duplicate.so");
  EXPECT_FALSE(second.loaded);
  EXPECT_THAT(second.reason, testing::ContainsRegex("embedder \"hostile\", as .*/hostile.so does"));
  EXPECT_FAIL(plugins.CheckUnique(), Code::kInvalid, "/hostile.so and ");
  EXPECT_FAIL(plugins.CheckUnique(), Code::kInvalid, "/hostile_duplicate.so both have");
}

TEST_P(LoaderTest, KeepsDenormalNumbersWhateverALibraryDoes) {
  const PluginDirectory directory;
  directory.Add(Hostile("hostile_fast_math"));
  const LoadedPlugins plugins = Load(directory);
  EXPECT_TRUE(plugins.files().at(0).loaded) << plugins.files().at(0).reason;
  volatile float smallest = std::numeric_limits<float>::min();
  const float half = smallest / 2;
  EXPECT_EQ(std::fpclassify(half), FP_SUBNORMAL);
}

class LockedPluginTest : public testing::Test {
 protected:
  LockedPluginTest() { directory_.Add(EMBED_TEST_SO); }

  /// Writes a lock that lists what is there now.
  void Lock(std::string_view mode) const {
    const std::string sum = directory_.Load().files().at(0).sha256;
    WriteFile(directory_.path() / "plugins.lock",
              sum + " embed_test.so io.dsw.embed-test 1.0.0 " + std::string(mode) + " net\n");
    fs::permissions(directory_.path() / "plugins.lock", fs::perms(0644));
  }
  PluginReport Report(PluginTrust mode, Isolation isolation = Isolation::kNone) const {
    LoadOptions options = OptionsFor(isolation);
    options.trust.mode = mode;
    options.runner = PLUGIN_RUNNER;
    return ReportOn(directory_.Load(options), "embed_test.so");
  }

  const PluginDirectory directory_;
};

TEST_F(LockedPluginTest, SaysWhatVouchesForAPlugin) {
  EXPECT_EQ(Report(PluginTrust::kAuto).trust, "unlocked");
  Lock("inproc");
  const PluginReport report = Report(PluginTrust::kAuto);
  EXPECT_TRUE(report.loaded) << report.reason;
  EXPECT_EQ(report.trust, "locked");
  EXPECT_THAT(report.grants, testing::ElementsAre("net"));
  EXPECT_EQ(report.warning, "");
}

TEST_F(LockedPluginTest, RefusesATamperedPluginOrWarnsOfIt) {
  Lock("any");
  const fs::path file = directory_.path() / "embed_test.so";
  WriteFile(file, ReadFile(file) + "x");
  const PluginReport refused = Report(PluginTrust::kAuto);
  EXPECT_FALSE(refused.loaded);
  EXPECT_EQ(refused.id, "io.dsw.embed-test");
  EXPECT_EQ(refused.trust, "unlocked");
  EXPECT_THAT(refused.reason, testing::HasSubstr("is not the file that "));
  const PluginReport warned = Report(PluginTrust::kWarn);
  EXPECT_TRUE(warned.loaded) << warned.reason;
  EXPECT_EQ(warned.warning, refused.reason);
}

TEST_F(LockedPluginTest, RunsWhereTheLockSays) {
  for (const Isolation isolation : {Isolation::kNone, Isolation::kAll}) {
    Lock("isolated");
    PluginReport report = Report(PluginTrust::kAuto, isolation);
    EXPECT_TRUE(report.loaded) << report.reason;
    EXPECT_TRUE(report.isolated);
    Lock("inproc");
    report = Report(PluginTrust::kAuto, isolation);
    EXPECT_TRUE(report.loaded) << report.reason;
    EXPECT_FALSE(report.isolated);
    Lock("any");
    EXPECT_EQ(Report(PluginTrust::kAuto, isolation).isolated, isolation == Isolation::kAll);
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, LoaderTest, BothModes(), ModeOf);

}  // namespace
}  // namespace dsw
