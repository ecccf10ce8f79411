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
  for (const char* state : {"57P01", "57P02", "57P03", "57P05", "53300", "08006", "40001", "40P01",
                            "25006", "25P03", "25P04"}) {
    EXPECT_EQ(OfState(state).repeat, Repeat::kYes) << state;
    EXPECT_EQ(OfState(state).error.code, Code::kUnavailable) << state;
    EXPECT_FALSE(OfState(state).error.repeat) << state;
  }
}

TEST(DatabaseErrorsTest, TheRestIsNotRepeated) {
  const std::pair<const char*, Code> cases[] = {
      {"57014", Code::kTimeout},         {"53200", Code::kUnavailable},
      {"42501", Code::kUnauthenticated}, {"28P01", Code::kUnauthenticated},
      {"22021", Code::kInvalid},         {"23505", Code::kConflict},
      {"54000", Code::kInvalid},         {"42601", Code::kInternal},
      {"XX000", Code::kInternal},        {"", Code::kInternal}};
  for (const auto& [state, code] : cases) {
    EXPECT_EQ(OfState(state).repeat, Repeat::kNo) << state;
    EXPECT_EQ(OfState(state).error.code, code) << state;
  }
}

TEST(DatabaseErrorsTest, TheClassTellsWhereTheStateIsMissing) {
  const auto code = [](const std::exception& error) { return Translate(error, "db").error.code; };
  EXPECT_EQ(code(pqxx::insufficient_privilege("denied")), Code::kUnauthenticated);
  EXPECT_EQ(code(pqxx::undefined_table("no such table")), Code::kUnavailable);
  EXPECT_EQ(code(pqxx::disk_full("full")), Code::kUnavailable);
  EXPECT_EQ(code(pqxx::unique_violation("twice")), Code::kConflict);
  EXPECT_EQ(code(pqxx::data_exception("not UTF-8")), Code::kInvalid);
}

TEST(DatabaseErrorsTest, TroublesOfTheDatabaseAreNoFaultOfTheData) {
  for (const char* state :
       {"25006", "3D000", "3F000", "42P01", "42P10", "42501", "42703", "42704", "42804", "42883",
        "53100", "53200", "53300", "55P03", "57014", "57P04", "58030", "F0000", "HV00N", "28000"}) {
    const Error error = OfState(state).error;
    EXPECT_THAT(error.code,
                testing::AnyOf(Code::kUnavailable, Code::kTimeout, Code::kUnauthenticated))
        << state;
    EXPECT_EQ(error.origin, Origin::kDatabase) << state;
  }
}

TEST(DatabaseErrorsTest, WhatSomebodyHasToMendSaysHow) {
  const std::pair<const char*, const char*> cases[] = {{"42P01", "worker-datasets migrate"},
                                                       {"42883", "worker-datasets migrate"},
                                                       {"3D000", "create it"},
                                                       {"42501", "grant it"},
                                                       {"28P01", "DATABASE_URL"},
                                                       {"53100", "make room"}};
  for (const auto& [state, words] : cases) {
    EXPECT_THAT(OfState(state).error.message, HasSubstr(words)) << state;
    EXPECT_EQ(OfState(state).error.repeat, std::optional(false)) << state;
  }
  EXPECT_THAT(OfState("25006").error.message, HasSubstr("primary"));
}

TEST(DatabaseErrorsTest, OurOwnFailuresComeBackAsTheyAre) {
  const DatabaseFailure failure =
      Translate(DatabaseException({.error = {.code = Code::kCancelled, .message = "m"},
                                   .repeat = Repeat::kInDoubt}),
                "db");
  EXPECT_EQ(failure.error.code, Code::kCancelled);
  EXPECT_EQ(failure.error.message, "m");
  EXPECT_EQ(failure.repeat, Repeat::kInDoubt);
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
