// SPDX-License-Identifier: Apache-2.0
#include "host/domain/failure.h"

#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace dsw {
namespace {

constexpr Code kCodes[] = {Code::kInvalid,     Code::kTooLarge,    Code::kInputTooLong,
                           Code::kNotFound,    Code::kConflict,    Code::kUnauthenticated,
                           Code::kQuota,       Code::kRateLimited, Code::kOverloaded,
                           Code::kUnavailable, Code::kTimeout,     Code::kCancelled,
                           Code::kBadResponse, Code::kInternal,    Code::kHeld,
                           Code::kFenced,      Code::kWithdrawn,   Code::kDenied};
constexpr Origin kOrigins[] = {Origin::kJob,      Origin::kEmbedder, Origin::kSink,
                               Origin::kDatabase, Origin::kQueue,    Origin::kWorker};

TEST(FailureTest, EveryCodeHasAClassForEveryOrigin) {
  for (const Code code : kCodes) {
    for (const Origin origin : kOrigins) {
      const FailureClass& failure = ClassOf({code, "", origin});
      EXPECT_TRUE(failure.code == code || &failure == &FailureClasses().back())
          << CodeName(code) << " is taken for \"" << failure.name << '"';
    }
  }
}

TEST(FailureTest, EveryRowIsReached) {
  std::set<const FailureClass*> reached;
  for (const Code code : kCodes) {
    for (const Origin origin : kOrigins) reached.insert(&ClassOf({code, "", origin}));
  }
  for (const FailureClass& row : FailureClasses()) {
    EXPECT_TRUE(reached.contains(&row)) << row.name;
  }
}

TEST(FailureTest, OnlyWhatMayPassIsWaitedFor) {
  for (const FailureClass& row : FailureClasses()) {
    const bool given_up = row.delivery == OnDelivery::kGiveUp;
    EXPECT_FALSE(given_up && row.call == OnCall::kPatience) << row.name;
    EXPECT_FALSE(given_up && row.fault == Fault::kDatabase) << row.name;
    EXPECT_FALSE(given_up && row.fault == Fault::kSink) << row.name;
  }
}

TEST(FailureTest, TheDocumentationHasTheTable) {
  std::ifstream file(DSW_LIFE_OF_A_JOB);
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  const std::string begin = "<!-- failures: printed by FailureTable() -->\n";
  const std::size_t from = page.find(begin);
  const std::size_t to = page.find("<!-- /failures -->");
  ASSERT_NE(from, std::string::npos);
  ASSERT_NE(to, std::string::npos);
  EXPECT_EQ(page.substr(from + begin.size(), to - from - begin.size()), FailureTable());
}

}  // namespace
}  // namespace dsw
