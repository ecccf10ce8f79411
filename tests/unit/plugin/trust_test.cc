// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/trust.h"

#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"

namespace dsw {
namespace {

namespace fs = std::filesystem;

const std::string kSum(64, 'a');
const std::string kOther(64, 'b');

class TrustTest : public testing::Test {
 protected:
  TrustTest() : folder_(fs::canonical(temporary_.path())) {}

  void Write(const std::string& name, const std::string& text) const {
    WriteFile(folder_ / name, text);
    fs::permissions(folder_ / name, fs::perms(0644));
  }
  /// Keys that are trusted, and a signature of the lock by them.
  Result<TrustPolicy> Signed(PluginTrust mode) const {
    ASSIGN_OR_RETURN(const KeyPair pair, MakeKeyPair());
    ASSIGN_OR_RETURN(const SigningKey key, ParsePrivateKey(pair.private_pem));
    ASSIGN_OR_RETURN(const std::string signature, Sign(key, kLock));
    Write("ops.pub", pair.public_pem);
    Write("plugins.lock.sig", signature);
    return TrustPolicy::Create(
        {.mode = mode, .trusted_keys = (folder_ / "ops.pub").string(), .deny = ""});
  }
  void WriteLock() const { Write("plugins.lock", kLock); }
  static TrustPolicy Policy(PluginTrust mode) {
    TrustPolicy policy;
    policy.mode = mode;
    return policy;
  }
  static PluginFile Plugin(const std::string& sum = kSum, Exposure exposure = Exposure::kNone) {
    PluginFile plugin;
    plugin.sha256 = sum;
    plugin.file.exposure = exposure;
    if (exposure != Exposure::kNone) plugin.file.exposed = "it is exposed";
    return plugin;
  }
  TrustVerdict Judge(const TrustPolicy& policy, const std::string& name = "a.so",
                     const std::string& sum = kSum) const {
    return Judge(policy, name, Plugin(sum));
  }
  TrustVerdict Judge(const TrustPolicy& policy, const std::string& name,
                     const PluginFile& plugin) const {
    const DirectoryTrust trust(policy, folder_);
    TrustVerdict verdict = trust.Judge(name, plugin);
    verdict.entry = nullptr;
    return verdict;
  }
  void ExpectRefused(const TrustPolicy& policy, const std::string& part,
                     const std::string& file = "a.so", const std::string& sum = kSum) const {
    const TrustVerdict verdict = Judge(policy, file, sum);
    EXPECT_TRUE(verdict.refused);
    EXPECT_THAT(verdict.reason, testing::HasSubstr(part));
  }

  const std::string kLock = kSum + " a.so org.example.a 1.0 isolated net\n";
  const TempDir temporary_;
  const fs::path folder_;
};

TEST_F(TrustTest, LoadsWhatTheLockListsAndSaysHow) {
  WriteLock();
  for (const PluginTrust mode : {PluginTrust::kAuto, PluginTrust::kWarn, PluginTrust::kEnforce}) {
    const TrustPolicy policy = Policy(mode);
    const DirectoryTrust trust(policy, folder_);
    const TrustVerdict verdict = trust.Judge("a.so", Plugin());
    EXPECT_FALSE(verdict.refused);
    EXPECT_EQ(verdict.reason, "");
    ASSERT_NE(verdict.entry, nullptr);
    EXPECT_EQ(verdict.entry->mode, PluginMode::kIsolated);
    EXPECT_EQ(trust.level(), "locked");
  }
}

TEST_F(TrustTest, EnforcesALockThatIsThereUnlessToldOtherwise) {
  WriteLock();
  for (const PluginTrust mode : {PluginTrust::kAuto, PluginTrust::kEnforce}) {
    ExpectRefused(Policy(mode), "is not listed in " + (folder_ / "plugins.lock").string(), "b.so");
    ExpectRefused(Policy(mode), "run: dsw-plugin lock " + folder_.string(), "b.so");
    ExpectRefused(Policy(mode), "its sha256 is " + kOther + ", listed is " + kSum, "a.so", kOther);
    ExpectRefused(Policy(mode), "put version 1.0 back", "a.so", kOther);
  }
  const TrustVerdict warned = Judge(Policy(PluginTrust::kWarn), "b.so");
  EXPECT_FALSE(warned.refused);
  EXPECT_THAT(warned.reason, testing::HasSubstr("is not listed in"));
  EXPECT_FALSE(Judge(Policy(PluginTrust::kOff), "b.so").refused);
  EXPECT_EQ(Judge(Policy(PluginTrust::kOff), "b.so").reason, "");
}

TEST_F(TrustTest, WantsALockOnlyWhenToldTo) {
  EXPECT_FALSE(Judge(Policy(PluginTrust::kAuto)).refused);
  EXPECT_EQ(Judge(Policy(PluginTrust::kAuto)).reason, "");
  EXPECT_FALSE(Judge(Policy(PluginTrust::kWarn)).refused);
  EXPECT_THAT(Judge(Policy(PluginTrust::kWarn)).reason, testing::HasSubstr("there is no"));
  ExpectRefused(Policy(PluginTrust::kEnforce),
                "there is no " + (folder_ / "plugins.lock").string() + "; run: dsw-plugin lock");
}

TEST_F(TrustTest, ReliesOnNoLockThatIsDamagedOrThatOthersCanChange) {
  Write("plugins.lock", "garbage\n");
  ExpectRefused(Policy(PluginTrust::kAuto), "plugins.lock: line 1: 1 fields");
  WriteLock();
  fs::permissions(folder_ / "plugins.lock", fs::perms(0666));
  ExpectRefused(Policy(PluginTrust::kAuto), "plugins.lock (mode 0666) can be changed by others");
  fs::remove(folder_ / "plugins.lock");
  fs::create_symlink("nowhere", folder_ / "plugins.lock");
  ExpectRefused(Policy(PluginTrust::kAuto), "plugins.lock: cannot be read");
}

TEST_F(TrustTest, WantsASignatureByAKeyThatItTrusts) {
  ASSERT_OK_AND_ASSIGN(const KeyPair pair, MakeKeyPair());
  ASSERT_OK_AND_ASSIGN(const KeyPair stranger, MakeKeyPair());
  Write("ops.pub", pair.public_pem);
  ASSERT_OK_AND_ASSIGN(const TrustPolicy policy,
                       TrustPolicy::Create({.mode = PluginTrust::kAuto,
                                            .trusted_keys = (folder_ / "ops.pub").string(),
                                            .deny = ""}));
  ExpectRefused(policy, "there is no");
  WriteLock();
  ExpectRefused(policy, "plugins.lock is not signed, which PLUGIN_TRUSTED_KEYS asks for; run");

  const auto sign = [&](const KeyPair& by) {
    const SigningKey key = std::move(ParsePrivateKey(by.private_pem)).value();
    Write("plugins.lock.sig", *Sign(key, kLock));
  };
  sign(stranger);
  ExpectRefused(policy, "plugins.lock.sig is not a signature of plugins.lock by a trusted key");
  sign(pair);
  const DirectoryTrust trust(policy, folder_);
  EXPECT_FALSE(trust.Judge("a.so", Plugin()).refused);
  EXPECT_EQ(trust.level(), "signed");
  EXPECT_EQ(trust.signer(), "ops");
  Write("plugins.lock", kLock + kOther + " b.so b 1 any -\n");
  ExpectRefused(policy, "one of the two was changed", "b.so", kOther);
}

TEST_F(TrustTest, WarnsOfWhatAGroupCanChangeUnlessTrustIsEnforced) {
  const PluginFile plugin = Plugin(kSum, Exposure::kPartly);
  for (const PluginTrust mode : {PluginTrust::kAuto, PluginTrust::kWarn, PluginTrust::kOff}) {
    EXPECT_FALSE(Judge(Policy(mode), "a.so", plugin).refused);
    EXPECT_EQ(Judge(Policy(mode), "a.so", plugin).reason, "it is exposed");
  }
  WriteLock();
  for (const PluginTrust mode : {PluginTrust::kAuto, PluginTrust::kEnforce}) {
    EXPECT_TRUE(Judge(Policy(mode), "a.so", plugin).refused);
    EXPECT_EQ(Judge(Policy(mode), "a.so", plugin).reason,
              "it is exposed; or let a signed plugins.lock list it");
  }
  EXPECT_EQ(Judge(Policy(PluginTrust::kWarn), "a.so", plugin).reason, "it is exposed");
}

TEST_F(TrustTest, LoadsNothingThatEverybodyCanChange) {
  WriteLock();
  for (const PluginTrust mode :
       {PluginTrust::kAuto, PluginTrust::kOff, PluginTrust::kWarn, PluginTrust::kEnforce}) {
    EXPECT_TRUE(Judge(Policy(mode), "a.so", Plugin(kSum, Exposure::kOpen)).refused);
  }
}

TEST_F(TrustTest, TakesWhatASignedLockListsWhereverItLies) {
  WriteLock();
  ASSERT_OK_AND_ASSIGN(const TrustPolicy policy, Signed(PluginTrust::kEnforce));
  fs::permissions(folder_ / "plugins.lock", fs::perms(0666));
  fs::permissions(folder_ / "plugins.lock.sig", fs::perms(0666));
  const TrustVerdict verdict = Judge(policy, "a.so", Plugin(kSum, Exposure::kOpen));
  EXPECT_FALSE(verdict.refused);
  EXPECT_EQ(verdict.reason, "");
  EXPECT_TRUE(Judge(policy, "b.so", Plugin(kSum, Exposure::kOpen)).refused);
  EXPECT_TRUE(Judge(policy, "a.so", Plugin(kOther, Exposure::kOpen)).refused);
  ASSERT_OK_AND_ASSIGN(const TrustPolicy warn, Signed(PluginTrust::kWarn));
  EXPECT_TRUE(Judge(warn, "a.so", Plugin(kOther, Exposure::kOpen)).refused);
}

TEST_F(TrustTest, DeniesBeforeAllElse) {
  WriteLock();
  Write("deny", "# bad\n" + kOther + "\n" + kSum + "  a.so\n");
  for (const std::string& deny : {kOther + "," + kSum, kSum, (folder_ / "deny").string()}) {
    for (const PluginTrust mode : {PluginTrust::kOff, PluginTrust::kEnforce}) {
      ASSERT_OK_AND_ASSIGN(const TrustPolicy policy,
                           TrustPolicy::Create({.mode = mode, .trusted_keys = "", .deny = deny}));
      ExpectRefused(policy, "is denied by PLUGIN_DENY");
    }
  }
}

TEST_F(TrustTest, NamesTheSettingThatItCannotUse) {
  const auto create = [](const std::string& keys, const std::string& deny) {
    return TrustPolicy::Create({.mode = PluginTrust::kAuto, .trusted_keys = keys, .deny = deny});
  };
  EXPECT_FAIL(create("/nowhere", ""), Code::kInvalid, "PLUGIN_TRUSTED_KEYS: /nowhere: cannot be");
  EXPECT_FAIL(create("", "/nowhere"), Code::kInvalid, "PLUGIN_DENY (/nowhere): cannot be read");
  EXPECT_FAIL(create("", kSum + ",abc"), Code::kInvalid, "`abc` is not a SHA-256 sum");
}

}  // namespace
}  // namespace dsw
