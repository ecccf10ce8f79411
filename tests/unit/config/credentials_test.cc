// SPDX-License-Identifier: Apache-2.0
//
// Addresses are shown without what lets one in.
#include "host/config/credentials.h"

#include "host/base/secret.h"
#include "tests/support/matchers.h"

namespace dsw {
namespace {

TEST(CredentialsTest, MasksPasswordsOfUrls) {
  EXPECT_EQ(MaskCredentials("nats://me:secret11@a:4222"), "nats://me:***@a:4222");
  EXPECT_EQ(MaskCredentials("nats://me:secret12@a,nats://you:secret13@b"),
            "nats://me:***@a,nats://you:***@b");
  EXPECT_EQ(MaskCredentials("postgresql://me:secret14@db/name?sslmode=require"),
            "postgresql://me:***@db/name?sslmode=require");
}

TEST(CredentialsTest, MasksTokensOfNatsButShowsUsersOfPostgres) {
  EXPECT_EQ(MaskCredentials("nats://token1234@a:4222"), "nats://***@a:4222");
  EXPECT_EQ(MaskCredentials("postgresql://me@db/name"), "postgresql://me@db/name");
}

TEST(CredentialsTest, MasksPasswordsThatShouldHaveBeenEncoded) {
  EXPECT_EQ(MaskCredentials("postgresql://me:p@ss@word@db/name"), "postgresql://me:***@db/name");
}

TEST(CredentialsTest, MasksPasswordParameters) {
  EXPECT_EQ(MaskCredentials("postgresql://db/name?user=me&password=secret15&x=1"),
            "postgresql://db/name?user=me&password=***&x=1");
  EXPECT_EQ(MaskCredentials("host=db password=secret16 user=me"), "host=db password=*** user=me");
  EXPECT_EQ(MaskCredentials(R"(password = 'with \' quote' host=db)"), "password = '***' host=db");
}

TEST(CredentialsTest, LeavesWhatHoldsNoneAlone) {
  for (const char* plain : {"nats://localhost:4222", "host=db dbname=x", ""}) {
    EXPECT_EQ(MaskCredentials(plain), plain);
  }
}

TEST(CredentialsTest, RemembersThemAsWrittenAndAsDecoded) {
  MaskCredentials("postgresql://me:caf%C3%A9-noir@db/name");
  EXPECT_EQ(Redact("password café-noir or caf%C3%A9-noir failed"), "password *** or *** failed");
}

TEST(CredentialsTest, AUrlHasASchemeAndAHost) {
  EXPECT_OK(CheckUrls("nats://a, tls://b:4222", {"nats", "tls"}));
  for (const char* bad : {"", "a:4222", "http://a", "nats://", "nats://a,b"}) {
    EXPECT_FAIL(CheckUrls(bad, {"nats", "tls"}), Code::kInvalid, "nats:// or tls://") << bad;
  }
}

}  // namespace
}  // namespace dsw
