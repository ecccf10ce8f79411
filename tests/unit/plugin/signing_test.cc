// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/signing.h"

#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"

namespace dsw {
namespace {

namespace fs = std::filesystem;

std::vector<TrustedKey> KeysOf(const KeyPair& pair) {
  std::vector<TrustedKey> keys;
  keys.push_back({"k", std::move(ParsePublicKey(pair.public_pem)).value()});
  return keys;
}

TEST(SigningTest, TellsASignedTextFromAnotherAndAKeyFromAnother) {
  ASSERT_OK_AND_ASSIGN(const KeyPair pair, MakeKeyPair());
  ASSERT_OK_AND_ASSIGN(const KeyPair stranger, MakeKeyPair());
  ASSERT_OK_AND_ASSIGN(const SigningKey key, ParsePrivateKey(pair.private_pem));
  ASSERT_OK_AND_ASSIGN(const std::string signature, Sign(key, "text"));
  EXPECT_EQ(signature.size(), 89u);
  const std::vector<TrustedKey> keys = KeysOf(pair);
  ASSERT_NE(Verify(keys, "text", signature), nullptr);
  EXPECT_EQ(Verify(keys, "text", signature)->name, "k");
  EXPECT_EQ(Verify(keys, "texT", signature), nullptr);
  EXPECT_EQ(Verify(keys, "", signature), nullptr);
  EXPECT_EQ(Verify(KeysOf(stranger), "text", signature), nullptr);
  EXPECT_EQ(Verify({}, "text", signature), nullptr);
}

TEST(SigningTest, AgreesWithTheStandard) {
  // RFC 8032, section 7.1, test 3: the public key as it stands in PEM, and the signature as bytes.
  const std::string pem =
      "-----BEGIN PUBLIC KEY-----\n"
      "MCowBQYDK2VwAyEA/FHNjmIYoaONpH7QAjDwWAgW7RO6MwOsXeuRFUiQgCU=\n"
      "-----END PUBLIC KEY-----\n";
  std::vector<TrustedKey> keys;
  ASSERT_OK_AND_ASSIGN(SigningKey key, ParsePublicKey(pem));
  keys.push_back({"rfc", std::move(key)});
  const std::string hex =
      "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
      "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a";
  std::string signature;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    signature += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  EXPECT_NE(Verify(keys, "\xaf\x82", signature), nullptr);
  EXPECT_EQ(Verify(keys, "\xaf\x83", signature), nullptr);
}

TEST(SigningTest, TakesNothingElseForASignature) {
  ASSERT_OK_AND_ASSIGN(const KeyPair pair, MakeKeyPair());
  const std::vector<TrustedKey> keys = KeysOf(pair);
  for (const std::string& text :
       {std::string(), std::string("\n"), std::string(64, '\0'), std::string(88, '='),
        std::string(88, '!'), std::string(89, 'A'), std::string(100000, 'A')}) {
    EXPECT_EQ(Verify(keys, "text", text), nullptr);
  }
}

TEST(SigningTest, TakesEd25519KeysAlone) {
  ASSERT_OK_AND_ASSIGN(const KeyPair pair, MakeKeyPair());
  EXPECT_FAIL(ParsePublicKey("ssh-ed25519 AAAA"), Code::kInvalid, "not an Ed25519 public key");
  EXPECT_FAIL(ParsePublicKey(pair.private_pem), Code::kInvalid, "not an Ed25519 public key");
  EXPECT_FAIL(ParsePrivateKey(pair.public_pem), Code::kInvalid, "not an Ed25519 private key");
  // X25519, which is for agreeing on a secret.
  EXPECT_FAIL(ParsePublicKey("-----BEGIN PUBLIC KEY-----\n"
                             "MCowBQYDK2VuAyEAhSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=\n"
                             "-----END PUBLIC KEY-----\n"),
              Code::kInvalid, "not an Ed25519 public key");
}

TEST(SigningTest, ReadsTheKeysOfADirectoryOrOne) {
  const TempDir folder;
  EXPECT_FAIL(ReadTrustedKeys(folder.path()), Code::kInvalid, "has no file that ends in .pub");
  EXPECT_FAIL(ReadTrustedKeys(folder / "none.pub"), Code::kInvalid, "none.pub: cannot be read");
  for (const char* name : {"b.pub", "a.pub"}) {
    ASSERT_OK_AND_ASSIGN(const KeyPair pair, MakeKeyPair());
    WriteFile(folder / name, pair.public_pem);
    fs::permissions(folder / name, fs::perms(0644));
  }
  WriteFile(folder / "notes", "not looked at");
  ASSERT_OK_AND_ASSIGN(std::vector<TrustedKey> keys, ReadTrustedKeys(folder.path()));
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_EQ(keys[0].name, "a");
  ASSERT_OK_AND_ASSIGN(keys, ReadTrustedKeys(folder / "b.pub"));
  EXPECT_EQ(keys.size(), 1u);
  fs::permissions(folder / "a.pub", fs::perms(0666));
  EXPECT_FAIL(ReadTrustedKeys(folder.path()), Code::kInvalid,
              "a.pub (mode 0666) can be changed by");
}

}  // namespace
}  // namespace dsw
