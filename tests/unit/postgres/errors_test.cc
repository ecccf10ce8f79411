// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/errors.h"

#include "host/base/secret.h"
#include "tests/support/matchers.h"

#include <pqxx/pqxx>

namespace dsw {
namespace {

using testing::HasSubstr;
using testing::Not;

DatabaseFailure OfState(const char* state, const std::string& text = "ERROR:  words") {
  return Translate(pqxx::sql_error(text, "SELECT 1", state), "db:5432/semantic");
}

TEST(DatabaseErrorsTest, LostConnectionsMayBeRepeated) {
  const DatabaseFailure failure = Translate(pqxx::broken_connection("gone"), "db:5432/semantic");
  EXPECT_EQ(failure.error.code, Code::kUnavailable);
  EXPECT_EQ(failure.repeat, Repeat::kYes);
  EXPECT_EQ(failure.error.message, "database db:5432/semantic: gone");
}

TEST(DatabaseErrorsTest, CommitsInDoubtSaySo) {
  const DatabaseFailure failure = Translate(pqxx::in_doubt_error("lost"), "db");
  EXPECT_EQ(failure.error.code, Code::kUnavailable);
  EXPECT_EQ(failure.repeat, Repeat::kInDoubt);
  EXPECT_THAT(failure.error.message, HasSubstr("in doubt"));
}

TEST(DatabaseErrorsTest, PassingTroublesMayBeRepeated) {
  for (const char* state :
       {"57P01", "57P02", "57P03", "53300", "08006", "40001", "40P01", "25006"}) {
    EXPECT_EQ(OfState(state).repeat, Repeat::kYes) << state;
    EXPECT_EQ(OfState(state).error.code, Code::kUnavailable) << state;
  }
}

TEST(DatabaseErrorsTest, TheRestIsNotRepeated) {
  const std::pair<const char*, Code> cases[] = {
      {"57014", Code::kTimeout},         {"53100", Code::kUnavailable},
      {"42501", Code::kUnauthenticated}, {"28P01", Code::kUnauthenticated},
      {"22021", Code::kInvalid},         {"23505", Code::kConflict},
      {"42601", Code::kInternal},        {"", Code::kInternal}};
  for (const auto& [state, code] : cases) {
    EXPECT_EQ(OfState(state).repeat, Repeat::kNo) << state;
    EXPECT_EQ(OfState(state).error.code, code) << state;
  }
}

TEST(DatabaseErrorsTest, MissingTablesSayWhatToRun) {
  EXPECT_THAT(OfState("42P01").error.message, HasSubstr("worker-datasets migrate"));
  EXPECT_EQ(OfState("42P01").error.code, Code::kUnavailable);
}

TEST(DatabaseErrorsTest, RepeatsTheFirstLineOnly) {
  const DatabaseFailure failure =
      OfState("22P02", "ERROR:  invalid input\nDETAIL:  a customer's text\nLINE 1: SELECT");
  EXPECT_EQ(failure.error.message, "database db:5432/semantic: invalid input");
}

TEST(DatabaseErrorsTest, HidesPasswords) {
  RememberSecret("correct-horse");
  const DatabaseFailure failure =
      Translate(pqxx::broken_connection("cannot use correct-horse"), "db");
  EXPECT_THAT(failure.error.message, Not(HasSubstr("correct-horse")));
}

}  // namespace
}  // namespace dsw
