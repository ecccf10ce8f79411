// SPDX-License-Identifier: Apache-2.0
//
// The grammar of RUST_LOG and LOG_LEVEL.
#include "host/config/log_filter.h"

#include "tests/support/matchers.h"

namespace dsw {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(LogFilterTest, ReadsALevelForAll) {
  ASSERT_OK_AND_ASSIGN(const LogFilter filter, ParseLogFilter("WARN"));
  EXPECT_EQ(filter.level, LogLevel::kWarn);
  EXPECT_THAT(filter.components, IsEmpty());
}

TEST(LogFilterTest, ReadsLevelsOfComponents) {
  ASSERT_OK_AND_ASSIGN(const LogFilter filter, ParseLogFilter("info, pipeline=debug,nats=off"));
  EXPECT_EQ(filter.level, LogLevel::kInfo);
  EXPECT_THAT(filter.components, ElementsAre(Pair("nats", LogThreshold()),
                                             Pair("pipeline", LogThreshold(LogLevel::kDebug))));
}

TEST(LogFilterTest, TakesTheProgramsNameAsAllOfIt) {
  for (const char* text : {"info,worker_datasets=debug", "worker_datasets=debug,info"}) {
    ASSERT_OK_AND_ASSIGN(const LogFilter filter, ParseLogFilter(text));
    EXPECT_EQ(filter.level, LogLevel::kDebug) << text;
  }
}

TEST(LogFilterTest, TakesTheOriginalsModulesAsOurComponents) {
  ASSERT_OK_AND_ASSIGN(const LogFilter filter,
                       ParseLogFilter("worker_datasets=debug,worker_datasets::embedder=trace,"
                                      "worker_datasets::job=info,worker_datasets::nats=warn"));
  EXPECT_EQ(filter.level, LogLevel::kDebug);
  EXPECT_THAT(filter.components, ElementsAre(Pair("nats", LogThreshold(LogLevel::kWarn)),
                                             Pair("pipeline", LogThreshold(LogLevel::kInfo)),
                                             Pair("plugin", LogThreshold(LogLevel::kTrace))));
}

TEST(LogFilterTest, AcceptsTargetsThatThisProgramDoesNotHave) {
  EXPECT_OK(ParseLogFilter("info,hyper=warn,sqlx::query=error"));
}

TEST(LogFilterTest, RefusesUnknownLevelsByName) {
  EXPECT_FAIL(ParseLogFilter("inof"), Code::kInvalid, "\"inof\" is not a level (off, error, warn");
  EXPECT_FAIL(ParseLogFilter("info,nats=loud"), Code::kInvalid, "\"loud\" is not a level");
  EXPECT_FAIL(ParseLogFilter("nats="), Code::kInvalid, "\"\" is not a level");
}

TEST(LogFilterTest, RefusesWhatIsNotATarget) {
  EXPECT_FAIL(ParseLogFilter("[span]=debug"), Code::kInvalid, "\"[span]=debug\"");
  EXPECT_FAIL(ParseLogFilter("=debug"), Code::kInvalid, "component=level");
}

}  // namespace
}  // namespace dsw
