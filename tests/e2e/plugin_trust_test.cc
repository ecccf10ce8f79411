// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "tests/support/matchers.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace dsw {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using testing::HasSubstr;

class PluginTrustTest : public testing::Test {
 protected:
  PluginTrustTest() : root_(fs::canonical(temporary_.path())), plugins_(root_ / "plugins") {
    fs::create_directory(plugins_);
    fs::permissions(plugins_, fs::perms(0755));
    Add(DSW_EMBED_TEST);
    Add(DSW_SINK_SQLITE);
  }

  void Add(const fs::path& file) const {
    fs::copy_file(file, plugins_ / file.filename());
    fs::permissions(plugins_ / file.filename(), fs::perms(0644));
  }
  static void Append(const fs::path& file, const std::string& text) {
    WriteFile(file, ReadFile(file) + text);
  }

  Output Tool(std::vector<std::string> arguments) const {
    Command command;
    command.argv = {DSW_PLUGIN_TOOL};
    command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
    command.directory = root_;
    return RunCommand(command);
  }
  void Do(const std::vector<std::string>& arguments) const {
    const Output output = Tool(arguments);
    ASSERT_TRUE(output.status.ok()) << output.out << output.err;
  }
  void LockAndSign() const {
    Do({"lock", plugins_});
    Do({"keygen", "ops"});
    Do({"sign", plugins_, "--key", "ops.key"});
  }

  Output Worker(std::map<std::string, std::string> settings, bool json = true) const {
    Command command;
    command.argv = {DSW_WORKER, "plugins"};
    if (json) command.argv.emplace_back("--json");
    command.env = std::move(settings);
    command.env["PLUGIN_DIR"] = plugins_;
    command.env["LOG_FORMAT"] = "json";
    return RunCommand(command);
  }
  /// What the worker says of one of the plugins.
  Json Report(const std::map<std::string, std::string>& settings,
              const std::string& name = "embed_test.so") const {
    const Output output = Worker(settings);
    EXPECT_TRUE(output.status.ok()) << output.err;
    const Json document = Json::parse(output.out, nullptr, false);
    if (!document.is_object()) return {};
    for (const Json& plugin : document["plugins"]) {
      if (plugin["file"] == (plugins_ / name).string()) return plugin;
    }
    return {};
  }
  void ExpectRefused(const std::map<std::string, std::string>& settings,
                     const std::string& part) const {
    const Json report = Report(settings);
    EXPECT_EQ(report["verdict"], "refused") << report;
    EXPECT_THAT(report.value("reason", ""), HasSubstr(part));
  }

  const TempDir temporary_;
  const fs::path root_;
  const fs::path plugins_;
};

TEST_F(PluginTrustTest, GoesFromADirectoryToALockedAndASignedOne) {
  EXPECT_EQ(Report({})["trust"], "unlocked");
  Do({"lock", plugins_});
  EXPECT_EQ(Report({})["verdict"], "loaded");
  EXPECT_EQ(Report({})["trust"], "locked");
  const std::map<std::string, std::string> trusting = {{"PLUGIN_TRUSTED_KEYS", root_ / "ops.pub"}};
  Do({"keygen", "ops"});
  ExpectRefused(trusting, "plugins.lock is not signed, which PLUGIN_TRUSTED_KEYS asks for");
  Do({"sign", plugins_, "--key", "ops.key"});
  const Json report = Report(trusting);
  EXPECT_EQ(report["verdict"], "loaded");
  EXPECT_EQ(report["trust"], "signed");
  EXPECT_EQ(report["signer"], "ops");
  EXPECT_THAT(Worker(trusting, false).out, HasSubstr("(signed by ops)"));
}

TEST_F(PluginTrustTest, RefusesATamperedPluginAndRunsTheOthers) {
  Do({"lock", plugins_});
  Append(plugins_ / "embed_test.so", "x");
  ExpectRefused({}, "is not the file that " + (plugins_ / "plugins.lock").string() + " lists");
  EXPECT_EQ(Report({{"PLUGIN_ISOLATION", "none"}}, "sink_sqlite.so")["verdict"], "loaded");
  const Output output = Worker({});
  EXPECT_THAT(output.err, HasSubstr("plugin refused"));
  EXPECT_THAT(output.err, HasSubstr("\"trust\":\"unlocked\""));
  EXPECT_EQ(Report({{"PLUGIN_TRUST", "warn"}})["verdict"], "loaded");
  EXPECT_THAT(Report({{"PLUGIN_TRUST", "warn"}}).value("warning", ""),
              HasSubstr("is not the file"));
  EXPECT_EQ(Report({{"PLUGIN_TRUST", "off"}})["warning"], nullptr);
}

TEST_F(PluginTrustTest, RefusesWhatIsNotListedAndWhatIsDenied) {
  ExpectRefused({{"PLUGIN_TRUST", "enforce"}}, "there is no");
  Do({"lock", plugins_});
  fs::rename(plugins_ / "embed_test.so", plugins_ / "other.so");
  EXPECT_THAT(Report({}, "other.so").value("reason", ""), HasSubstr("is not listed in"));
  fs::rename(plugins_ / "other.so", plugins_ / "embed_test.so");
  const std::string sum = Report({})["sha256"];
  ExpectRefused({{"PLUGIN_DENY", sum}, {"PLUGIN_TRUST", "off"}}, "is denied by PLUGIN_DENY");
}

TEST_F(PluginTrustTest, RefusesALockThatAStrangerSignedOrChanged) {
  LockAndSign();
  Do({"keygen", "stranger"});
  ExpectRefused({{"PLUGIN_TRUSTED_KEYS", root_ / "stranger.pub"}}, "by a trusted key");
  Append(plugins_ / "plugins.lock", "# one more line\n");
  ExpectRefused({{"PLUGIN_TRUSTED_KEYS", root_ / "ops.pub"}}, "one of the two was changed");
  const Output none = Worker({{"PLUGIN_TRUSTED_KEYS", root_ / "none.pub"}});
  EXPECT_EQ(none.status.code, 1);
  EXPECT_THAT(none.err, HasSubstr("PLUGIN_TRUSTED_KEYS: "));
}

TEST_F(PluginTrustTest, RefusesALinkOutOfTheDirectoryAndADirectoryInReachOfOthers) {
  Do({"lock", plugins_});
  const std::map<std::string, std::string> enforced = {{"PLUGIN_TRUST", "enforce"}};
  EXPECT_EQ(Report(enforced)["verdict"], "loaded");
  fs::rename(plugins_ / "embed_test.so", root_ / "elsewhere.so");
  fs::create_symlink("../elsewhere.so", plugins_ / "embed_test.so");
  ExpectRefused(enforced, "is a link out of its directory, to ");
  fs::remove(plugins_ / "embed_test.so");
  fs::rename(root_ / "elsewhere.so", plugins_ / "embed_test.so");
  fs::permissions(root_, fs::perms(0777));
  ExpectRefused(enforced,
                root_.string() + " (mode 0777) can be changed by others; run: chmod go-w");
  fs::permissions(root_, fs::perms(0755));
  fs::permissions(plugins_, fs::perms(0775));
  ExpectRefused(enforced, plugins_.string() + " (mode 0775) can be changed by others");
}

TEST_F(PluginTrustTest, LoadsWhatASignedLockListsFromADirectoryThatEverybodyCanChange) {
  LockAndSign();
  fs::permissions(plugins_, fs::perms(0777));
  const std::map<std::string, std::string> trusting = {{"PLUGIN_TRUST", "enforce"},
                                                       {"PLUGIN_TRUSTED_KEYS", root_ / "ops.pub"}};
  EXPECT_EQ(Report(trusting)["verdict"], "loaded");
  EXPECT_TRUE(Tool({"verify", plugins_, "--keys", "ops.pub"}).status.ok());
  EXPECT_EQ(Tool({"verify", plugins_}).status.code, 1);
  ExpectRefused({}, "can be changed by others");
  Append(plugins_ / "embed_test.so", "x");
  ExpectRefused(trusting, "can be changed by others");
}

TEST_F(PluginTrustTest, VerifiesAsTheWorkerWould) {
  LockAndSign();
  const Output good = Tool({"verify", plugins_, "--keys", "ops.pub"});
  EXPECT_TRUE(good.status.ok()) << good.out << good.err;
  EXPECT_THAT(good.out, HasSubstr("ok       embed_test.so  io.dsw.embed-test 1.0.0 any (signed"));
  Append(plugins_ / "embed_test.so", "x");
  const Output bad = Tool({"verify", plugins_});
  EXPECT_EQ(bad.status.code, 1);
  EXPECT_THAT(bad.out, HasSubstr("refused  embed_test.so: is not the file that"));
  EXPECT_THAT(bad.out, HasSubstr("ok       sink_sqlite.so"));
  fs::remove(plugins_ / "embed_test.so");
  EXPECT_THAT(Tool({"verify", plugins_}).out, HasSubstr("missing  embed_test.so"));
}

TEST_F(PluginTrustTest, KeepsWhatPeopleDecidedInALockAndDropsItsSignature) {
  LockAndSign();
  std::string lock = ReadFile(plugins_ / "plugins.lock");
  const std::size_t at = lock.find(" any -");
  ASSERT_NE(at, std::string::npos);
  WriteFile(plugins_ / "plugins.lock", lock.replace(at, 6, " inproc net"));
  Do({"lock", plugins_});
  EXPECT_THAT(ReadFile(plugins_ / "plugins.lock"), HasSubstr(" inproc net\n"));
  EXPECT_FALSE(fs::exists(plugins_ / "plugins.lock.sig"));
}

TEST_F(PluginTrustTest, LocksNothingThatIsNoPlugin) {
  WriteFile(plugins_ / "z\x1b[31m.so", "#!/bin/sh\n");
  fs::permissions(plugins_ / "z\x1b[31m.so", fs::perms(0644));
  const Output output = Tool({"lock", plugins_});
  EXPECT_EQ(output.status.code, 1);
  EXPECT_THAT(output.err, HasSubstr("nothing was written: " + plugins_.string() +
                                    "/z\\x1b[31m.so: is not an ELF file"));
  EXPECT_FALSE(fs::exists(plugins_ / "plugins.lock"));
  EXPECT_THAT(Worker({}, false).out, HasSubstr("  refused  z\\x1b[31m.so: "));
}

TEST_F(PluginTrustTest, GuardsKeys) {
  Do({"keygen", "ops"});
  struct stat facts {};
  ASSERT_EQ(stat((root_ / "ops.key").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777u, 0600u);
  const std::string before = ReadFile(root_ / "ops.key");
  const Output again = Tool({"keygen", "ops"});
  EXPECT_EQ(again.status.code, 1);
  EXPECT_THAT(again.err, HasSubstr("a key is never overwritten"));
  fs::remove(root_ / "ops.pub");
  EXPECT_EQ(Tool({"keygen", "ops"}).status.code, 1);
  EXPECT_EQ(ReadFile(root_ / "ops.key"), before);
  EXPECT_THAT(Tool({"sign", plugins_, "--key", "ops.key"}).err, HasSubstr("dsw-plugin lock"));
  Do({"lock", plugins_});
  fs::permissions(root_ / "ops.key", fs::perms(0640));
  EXPECT_THAT(Tool({"sign", plugins_, "--key", "ops.key"}).err, HasSubstr("run: chmod 600"));
  EXPECT_FALSE(fs::exists(plugins_ / "plugins.lock.sig"));
}

TEST_F(PluginTrustTest, WritesThroughNoLinkOfOthersAndWarnsOfADirectoryThatTheyCanChange) {
  fs::permissions(plugins_, fs::perms(0775));
  WriteFile(root_ / "victim", "kept");
  for (const char* name : {"plugins.lock", "plugins.lock.tmp", "plugins.lock.sig"}) {
    fs::create_symlink(root_ / "victim", plugins_ / name);
  }
  EXPECT_EQ(Tool({"lock", plugins_}).status.code, 1) << "what is there is no lock";
  fs::remove(plugins_ / "plugins.lock");
  const Output lock = Tool({"lock", plugins_});
  EXPECT_TRUE(lock.status.ok()) << lock.err;
  EXPECT_THAT(lock.err, HasSubstr("(mode 0775) can be changed by others; run: chmod go-w"));
  Do({"keygen", "ops"});
  fs::create_symlink(root_ / "victim", plugins_ / "plugins.lock.sig");
  Do({"sign", plugins_, "--key", "ops.key"});
  EXPECT_EQ(ReadFile(root_ / "victim"), "kept");
}

TEST_F(PluginTrustTest, InspectsAFileWithoutRunningIt) {
  const Output output = Tool({"inspect", plugins_ / "embed_test.so", "--json"});
  ASSERT_TRUE(output.status.ok()) << output.err;
  const Json document = Json::parse(output.out, nullptr, false);
  ASSERT_TRUE(document.is_object()) << output.out;
  EXPECT_EQ(document["id"], "io.dsw.embed-test");
  EXPECT_EQ(document["sha256"], Report({})["sha256"]);
  EXPECT_EQ(document["entry_symbols"][0], "dsw_plugin_entry_v0");
  EXPECT_EQ(document["problem"], nullptr);
  EXPECT_THAT(Tool({"inspect", plugins_ / "embed_test.so"}).out, HasSubstr("io.dsw.embed-test"));
  EXPECT_EQ(Tool({"inspect", "none.so"}).status.code, 1);
}

TEST_F(PluginTrustTest, TellsWrongUsageByItsExitCode) {
  const std::vector<std::vector<std::string>> wrong = {{},
                                                       {"fly"},
                                                       {"lock"},
                                                       {"sign", plugins_},
                                                       {"lock", "one", "two"},
                                                       {"keygen"},
                                                       {"lock", plugins_, "--mode", "often"}};
  for (const std::vector<std::string>& arguments : wrong) {
    EXPECT_EQ(Tool(arguments).status.code, 2);
  }
  EXPECT_EQ(Tool({"--help"}).status.code, 0);
  EXPECT_EQ(Tool({"lock", "nowhere"}).status.code, 1);
}

}  // namespace
}  // namespace dsw
