// SPDX-License-Identifier: Apache-2.0
//
// Keys by reference.
#include "host/secrets/resolve.h"

#include <string>

#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"

namespace dsw {
namespace {

const Secret kMasterKey("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
/// "sk-a-key-from-the-platform" under kMasterKey with the nonce 00 01 … 0b, as made by another
/// implementation of AES-256-GCM.
constexpr char kStored[] =
    "enc:v1:AAECAwQFBgcICQoLNGn7euiOp2KgJ+Xk3MQMBeb791iRDzkTSgqSwIWpo35lEqtZA1BOTWTy";

const char* NoEnvironment(const char*) {
  return nullptr;
}

Result<Secret> Resolve(const std::string& reference, const Secret& master_key = kMasterKey) {
  return ResolveSecret(Secret(reference), master_key, NoEnvironment);
}

TEST(ResolveSecretTest, TakesAKeyAsItIs) {
  EXPECT_EQ(Resolve("sk-literal")->Reveal(), "sk-literal");
  EXPECT_TRUE(Resolve("")->empty());
}

TEST(ResolveSecretTest, ReadsAVariable) {
  const Getenv getenv = [](const char* name) {
    return std::string_view(name) == "MY_KEY" ? "sk-of-the-environment" : nullptr;
  };
  EXPECT_EQ(ResolveSecret(Secret("env:MY_KEY"), {}, getenv)->Reveal(), "sk-of-the-environment");
  EXPECT_FAIL(ResolveSecret(Secret("env:OTHER"), {}, getenv), Code::kUnauthenticated,
              "the environment variable OTHER, which is not set");
}

TEST(ResolveSecretTest, ReadsAFileWithoutItsLineEnd) {
  const TempDir dir;
  const std::string path = dir.path() / "key";
  std::ofstream(path) << "sk-of-the-file\r\n";
  EXPECT_EQ(Resolve("file:" + path)->Reveal(), "sk-of-the-file");
  EXPECT_FAIL(Resolve("file:" + path + "-not"), Code::kUnauthenticated, path + "-not");
}

TEST(ResolveSecretTest, DecryptsWhatThePlatformStored) {
  EXPECT_EQ(Resolve(kStored)->Reveal(), "sk-a-key-from-the-platform");
}

TEST(ResolveSecretTest, SaysWhyItCannotDecrypt) {
  EXPECT_FAIL(Resolve(kStored, {}), Code::kUnauthenticated, "ENCRYPTION_MASTER_KEY is not set");
  EXPECT_FAIL(Resolve(kStored, Secret("too short")), Code::kUnauthenticated,
              "64 hexadecimal digits");
  EXPECT_FAIL(Resolve(kStored, Secret(std::string(64, 'f'))), Code::kUnauthenticated,
              "another key than ENCRYPTION_MASTER_KEY");
  std::string changed = kStored;
  changed[20] = changed[20] == 'A' ? 'B' : 'A';
  EXPECT_FAIL(Resolve(changed), Code::kUnauthenticated, "damaged");
  for (const char* bad : {"enc:v1:", "enc:v1:AAAA", "enc:v1:not base64!", "enc:v1:AAA"}) {
    EXPECT_FAIL(Resolve(bad), Code::kUnauthenticated, "damaged") << bad;
  }
}

TEST(ResolveSecretTest, MakesTheKeyKnownForRedaction) {
  ASSERT_TRUE(Resolve(kStored));
  EXPECT_EQ(Redact("Bearer sk-a-key-from-the-platform"), "Bearer ***");
}

}  // namespace
}  // namespace dsw
