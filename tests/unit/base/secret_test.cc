// SPDX-License-Identifier: Apache-2.0
#include "host/base/secret.h"

#include <sstream>

#include <gtest/gtest.h>

namespace dsw {
namespace {

TEST(SecretTest, PrintsAsStars) {
  std::ostringstream out;
  out << Secret("hunter22");
  EXPECT_EQ(out.str(), "***");
}

TEST(SecretTest, IsMaskedInTextFromTheMomentItIsMade) {
  const Secret secret("sk-test-abcdef");
  EXPECT_EQ(Redact("key sk-test-abcdef, again sk-test-abcdef"), "key ***, again ***");
}

TEST(SecretTest, TheLongerOfTwoNestedSecretsIsMaskedWhole) {
  RememberSecret("nested-secret");
  RememberSecret("nested-secret-longer");
  EXPECT_EQ(Redact("nested-secret-longer"), "***");
}

TEST(SecretTest, ShortValuesDoNotBlankOutWords) {
  RememberSecret("job");
  EXPECT_EQ(Redact("job done"), "job done");
}

TEST(SecretTest, PasswordsInUrlsAreMaskedWithoutBeingKnown) {
  EXPECT_EQ(Redact("cannot reach postgresql://worker:p%40ss@db:5432/x, or nats://u:pw@n1:4222"),
            "cannot reach postgresql://worker:***@db:5432/x, or nats://u:***@n1:4222");
  EXPECT_EQ(Redact("http://host:8080/a@b"), "http://host:8080/a@b");
}

}  // namespace
}  // namespace dsw
