// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/loader.h"

#include <cmath>
#include <limits>

#include "host/base/log.h"
#include "tests/integration/plugin/hostile_plugins.h"
#include "tests/integration/plugin/plugin_directory.h"
#include "tests/support/matchers.h"

namespace dsw {
namespace {

namespace fs = std::filesystem;

/// Loads one file; expects that it is refused for a reason that contains `part`.
void ExpectRefused(const PluginDirectory& directory, const fs::path& file, std::string_view part) {
  const LoadedPlugins plugins = directory.Load();
  ASSERT_EQ(plugins.files().size(), 1u);
  const PluginReport& report = plugins.files()[0];
  EXPECT_EQ(report.file, fs::canonical(directory.path()) / file.filename());
  EXPECT_FALSE(report.loaded);
  EXPECT_THAT(report.reason, testing::HasSubstr(std::string(part)));
  EXPECT_TRUE(plugins.providers().empty());
}

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

void ExpectHostileRefused(const std::string& name, std::string_view part) {
  const PluginDirectory directory;
  ExpectRefused(directory, directory.Add(Hostile(name)), part);
}

TEST(LoaderTest, ReportsWhatAPluginOffers) {
  const PluginDirectory directory;
  directory.Add(EMBED_TEST_SO);
  const LoadedPlugins plugins = directory.Load();
  ASSERT_EQ(plugins.files().size(), 1u);
  const PluginReport& report = plugins.files()[0];
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

TEST(LoaderTest, KnowsTheDigestOfAFile) {
  const PluginDirectory directory;
  WriteFile(directory.path() / "abc.so", "abc");
  // The example of FIPS 180-2, appendix B.1.
  EXPECT_EQ(directory.Load().files().at(0).sha256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(LoaderTest, TakesFilesInByteOrderOfTheirNamesAndGoesOnAfterABadOne) {
  const PluginDirectory directory;
  directory.Add(EMBED_TEST_SO, "c.so");
  directory.Add(Hostile("hostile"));
  WriteFile(directory.path() / "B.so", "not a plugin");
  WriteFile(directory.path() / "a.so", "not a plugin");
  WriteFile(directory.path() / "notes.txt", "not looked at");
  WriteFile(directory.path() / ".hidden.so", "not looked at");
  WriteFile(directory.path() / "old.so.tmp", "not looked at");
  const LoadedPlugins plugins = directory.Load();
  std::vector<std::string> names;
  for (const PluginReport& report : plugins.files()) {
    names.push_back(fs::path(report.file).filename());
  }
  EXPECT_THAT(names, testing::ElementsAre("B.so", "a.so", "c.so", "hostile.so"));
  EXPECT_NE(plugins.Find(ProviderKind::kEmbedder, "test"), nullptr);
  EXPECT_NE(plugins.Find(ProviderKind::kEmbedder, "hostile"), nullptr);
}

TEST(LoaderTest, ReportsADirectoryThatDoesNotExistAndGoesOn) {
  const PluginDirectory directory;
  directory.Add(EMBED_TEST_SO);
  const fs::path missing = directory.path() / "missing";
  const LoadedPlugins plugins(std::array{missing, directory.path(), directory.path() / "."});
  ASSERT_EQ(plugins.directories().size(), 2u) << "one directory twice is read once";
  EXPECT_EQ(plugins.directories()[0].path, missing);
  EXPECT_EQ(plugins.directories()[0].problem, "No such file or directory");
  EXPECT_EQ(plugins.directories()[1].problem, "");
  EXPECT_NE(plugins.Find(ProviderKind::kEmbedder, "test"), nullptr);
}

TEST(LoaderTest, RefusesWhatIsNotAPlugin) {
  const PluginDirectory directory;
  WriteFile(directory.path() / "x.so", "#!/bin/sh\n");
  ExpectRefused(directory, "x.so", "is not an ELF file");
}

TEST(LoaderTest, RefusesWhatCannotBeRead) {
  const PluginDirectory directory;
  fs::create_symlink("nowhere", directory.path() / "x.so");
  ExpectRefused(directory, "x.so", "cannot be read: No such file or directory");
}

TEST(LoaderTest, RefusesWhatIsNotAFile) {
  const PluginDirectory directory;
  fs::create_directory(directory.path() / "x.so");
  ExpectRefused(directory, "x.so", "is not a regular file");
}

TEST(LoaderTest, RefusesAFileThatOthersCanChange) {
  const PluginDirectory directory;
  const fs::path file = directory.Add(EMBED_TEST_SO);
  fs::permissions(file, fs::perms(0646));
  ExpectRefused(directory, file, "embed_test.so (mode 0646) can be changed by others");
  ExpectRefused(directory, file, "run: chmod go-w " + fs::canonical(file).string());
}

TEST(LoaderTest, WarnsOnceOfADirectoryThatAGroupCanChange) {
  const PluginDirectory directory;
  directory.Add(EMBED_TEST_SO);
  directory.Add(Hostile("hostile_fast_math"));
  fs::permissions(directory.path(), fs::perms(02775));
  const WarningCounter warnings;
  const LoadedPlugins plugins = directory.Load();
  for (const PluginReport& report : plugins.files()) {
    EXPECT_TRUE(report.loaded) << report.reason;
    EXPECT_THAT(report.warning, testing::HasSubstr("(mode 2775) can be changed by others; run: "));
  }
  EXPECT_EQ(plugins.files().size(), 2u);
  EXPECT_EQ(warnings.count(), 1u);
}

TEST(LoaderTest, RefusesFilesOfADirectoryThatOthersCanChange) {
  const PluginDirectory directory;
  const fs::path file = directory.Add(EMBED_TEST_SO);
  fs::permissions(directory.path(), fs::perms(01777));
  ExpectRefused(directory, file, "(mode 1777) can be changed by others");
}

TEST(LoaderTest, LooksAtTheModeOfWhatALinkPointsTo) {
  const PluginDirectory elsewhere;
  const PluginDirectory directory;
  const fs::path file = elsewhere.Add(EMBED_TEST_SO);
  fs::create_symlink(file, directory.path() / "link.so");
  EXPECT_TRUE(ReportOn(directory.Load(), "link.so").loaded);
  EXPECT_THAT(ReportOn(directory.Load(), "link.so").warning,
              testing::HasSubstr("is a link out of its directory, to "));
  fs::permissions(elsewhere.path(), fs::perms(0777));
  ExpectRefused(directory, "link.so", "(mode 0777) can be changed by others");
}

TEST(LoaderTest, RefusesALibraryThatIsNotAPlugin) {
  ExpectHostileRefused("hostile_no_entry", "is not a plugin: it has no symbol dsw_plugin_entry_v0");
}

TEST(LoaderTest, NamesTheEntryOfAnotherMajor) {
  ExpectHostileRefused("hostile_other_major",
                       "it has dsw_plugin_entry_v9, this worker needs dsw_plugin_entry_v0");
}

TEST(LoaderTest, RefusesAPluginWithoutManifest) {
  ExpectHostileRefused("hostile_no_note", "has no manifest (section .note.dsw)");
}

TEST(LoaderTest, RefusesAPluginThatNeedsANewerHost) {
  ExpectHostileRefused("hostile_newer_host",
                       "io.dsw.hostile_newer_host needs a worker with ABI 0.4000000000 or newer, "
                       "this one has 0.3");
}

TEST(LoaderTest, RefusesAPluginWhoseTableContradictsItsManifest) {
  ExpectHostileRefused("hostile_note_disagrees",
                       "the version is 1.0.0 in the manifest and 6.6.6 in the table");
}

TEST(LoaderTest, RefusesAPluginWithATableOfNoSize) {
  ExpectHostileRefused("hostile_short_table", "dsw_plugin.struct_size is 16");
}

TEST(LoaderTest, RefusesAPluginWithoutATable) {
  ExpectHostileRefused("hostile_null_table", "succeeded without setting it");
}

TEST(LoaderTest, SurvivesAnExceptionOutOfTheEntryFunction) {
  ExpectHostileRefused("hostile_throws_in_entry",
                       "misbehaved: hostile_throws_in_entry.so threw an exception: thrown at the "
                       "door");
}

TEST(LoaderTest, PassesOnWhyAPluginCouldNotStart) {
  ExpectHostileRefused("hostile_fails_init", "hostile_fails_init.so: libwanted.so is missing");
}

TEST(LoaderTest, KeepsWhatTheManifestSaysOfARefusedPlugin) {
  const PluginDirectory directory;
  directory.Add(Hostile("hostile_fails_init"));
  const LoadedPlugins plugins = directory.Load();
  EXPECT_EQ(plugins.files().at(0).id, "io.dsw.hostile_fails_init");
  EXPECT_EQ(plugins.files().at(0).providers.size(), 1u);
}

TEST(LoaderTest, RefusesTheSecondFileWithAProviderAndNamesBoth) {
  const PluginDirectory directory;
  directory.Add(Hostile("hostile"));
  directory.Add(Hostile("hostile_duplicate"));
  const LoadedPlugins plugins = directory.Load();
  EXPECT_TRUE(ReportOn(plugins, "hostile.so").loaded);
  const PluginReport second = ReportOn(plugins, "hostile_duplicate.so");
  EXPECT_FALSE(second.loaded);
  EXPECT_THAT(second.reason, testing::ContainsRegex("embedder \"hostile\", as .*/hostile.so does"));
  EXPECT_FAIL(plugins.CheckUnique(), Code::kInvalid, "/hostile.so and ");
  EXPECT_FAIL(plugins.CheckUnique(), Code::kInvalid, "/hostile_duplicate.so both have");
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
  PluginReport Report(PluginTrust mode) const {
    TrustPolicy policy;
    policy.mode = mode;
    return ReportOn(directory_.Load(policy), "embed_test.so");
  }

  const PluginDirectory directory_;
};

TEST_F(LockedPluginTest, SaysWhatVouchesForAPlugin) {
  EXPECT_EQ(Report(PluginTrust::kAuto).trust, "unlocked");
  Lock("inproc");
  const PluginReport report = Report(PluginTrust::kAuto);
  EXPECT_TRUE(report.loaded) << report.reason;
  EXPECT_EQ(report.trust, "locked");
  EXPECT_EQ(report.mode, "inproc");
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

TEST_F(LockedPluginTest, RunsNothingInItsProcessThatIsToRunIsolated) {
  Lock("isolated");
  const PluginReport report = Report(PluginTrust::kAuto);
  EXPECT_FALSE(report.loaded);
  EXPECT_THAT(report.reason, testing::HasSubstr("is to run isolated, says "));
}

TEST(LoaderTest, KeepsDenormalNumbersWhateverALibraryDoes) {
  const PluginDirectory directory;
  directory.Add(Hostile("hostile_fast_math"));
  const LoadedPlugins plugins = directory.Load();
  EXPECT_TRUE(plugins.files().at(0).loaded) << plugins.files().at(0).reason;
  volatile float smallest = std::numeric_limits<float>::min();
  const float half = smallest / 2;
  EXPECT_EQ(std::fpclassify(half), FP_SUBNORMAL);
}

}  // namespace
}  // namespace dsw
