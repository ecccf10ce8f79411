// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/address.h"

#include "tests/support/matchers.h"

namespace dsw {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

TEST(AddressTest, NamesServerAndDatabaseOfAUrl) {
  ASSERT_OK_AND_ASSIGN(
      const DatabaseAddress address,
      ParseDatabaseAddress("postgresql://worker:s3cret-word@db.example:6543/semantic", seconds(5)));
  EXPECT_EQ(address.where, "db.example:6543/semantic");
  EXPECT_THAT(address.connection_string.Reveal(), HasSubstr("password='s3cret-word'"));
}

TEST(AddressTest, NamesServerAndDatabaseOfPairs) {
  ASSERT_OK_AND_ASSIGN(
      const DatabaseAddress address,
      ParseDatabaseAddress("host=/run/pg port=5433 dbname=semantic user=worker", seconds(5)));
  EXPECT_EQ(address.where, "/run/pg:5433/semantic");
}

TEST(AddressTest, PasswordIsRedactedFromThenOn) {
  ASSERT_OK(ParseDatabaseAddress("postgresql://worker:p%40ss-of-it@db/semantic", seconds(5)));
  EXPECT_EQ(Redact("the server said p@ss-of-it"), "the server said ***");
}

TEST(AddressTest, QuotesValuesForLibpq) {
  ASSERT_OK_AND_ASSIGN(const DatabaseAddress address,
                       ParseDatabaseAddress(R"(host=db password='it\'s \\ here')", seconds(5)));
  EXPECT_THAT(address.connection_string.Reveal(), HasSubstr(R"(password='it\'s \\ here')"));
}

TEST(AddressTest, KeepsWhatTheUserSaysOfTimeouts) {
  ASSERT_OK_AND_ASSIGN(const DatabaseAddress given,
                       ParseDatabaseAddress("host=db connect_timeout=60", seconds(5)));
  EXPECT_THAT(given.connection_string.Reveal(), HasSubstr("connect_timeout='60'"));
  ASSERT_OK_AND_ASSIGN(const DatabaseAddress left_open,
                       ParseDatabaseAddress("host=db", seconds(5)));
  EXPECT_THAT(left_open.connection_string.Reveal(), HasSubstr("connect_timeout='5'"));
}

TEST(AddressTest, AlwaysSpeaksUtf8) {
  ASSERT_OK_AND_ASSIGN(const DatabaseAddress address,
                       ParseDatabaseAddress("host=db client_encoding=LATIN1", seconds(5)));
  EXPECT_THAT(address.connection_string.Reveal(), HasSubstr("client_encoding='UTF8'"));
}

TEST(AddressTest, RefusalDoesNotRepeatTheText) {
  const auto refused = ParseDatabaseAddress("host=db passwort=s3cret-thing", seconds(5));
  EXPECT_FAIL(refused, Code::kInvalid, "DATABASE_URL");
  EXPECT_THAT(refused.error().message, Not(HasSubstr("s3cret")));
}

TEST(DatabaseAddressTest, ValuesGoThroughLibpqsSyntaxUnharmed) {
  const ConnectionValues values = {{"host", "a,b"}, {"port", "1,2"}, {"password", "it's \\ 1"}};
  const ConnectionValues read = ConnectionValuesOf(ConnectionString(values));
  for (const auto& [keyword, value] : values) EXPECT_EQ(read.at(keyword), value) << keyword;
}

}  // namespace
}  // namespace dsw
