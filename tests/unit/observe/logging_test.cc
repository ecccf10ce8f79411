// SPDX-License-Identifier: Apache-2.0
//
// Which lines are written, and that they are written whole.
#include "host/observe/logging.h"

#include <sstream>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>
#include <spdlog/sinks/ostream_sink.h>

#include "tests/support/matchers.h"

namespace dsw {
namespace {

using testing::EndsWith;
using testing::IsEmpty;

class LoggingTest : public testing::Test {
 protected:
  Logging Make(LogFilter filter, LogFormat format = LogFormat::kText) {
    return Logging(std::move(filter), format,
                   std::make_shared<spdlog::sinks::ostream_sink_mt>(written_));
  }

  std::ostringstream written_;
};

TEST_F(LoggingTest, TakesLinesFromTheirLevelOn) {
  const Logging logging = Make({.level = LogLevel::kWarn, .components = {}});
  EXPECT_FALSE(logging.Enabled(LogLevel::kInfo, "nats"));
  EXPECT_TRUE(logging.Enabled(LogLevel::kWarn, "nats"));
  EXPECT_TRUE(logging.Enabled(LogLevel::kError, "nats"));
}

TEST_F(LoggingTest, TakesTheLevelOfTheComponent) {
  const Logging logging = Make({.level = LogLevel::kInfo,
                                .components = {{"plugin", LogLevel::kTrace},
                                               {"plugin.noisy", LogLevel::kError},
                                               {"nats", std::nullopt}}});
  EXPECT_TRUE(logging.Enabled(LogLevel::kTrace, "plugin"));
  EXPECT_TRUE(logging.Enabled(LogLevel::kTrace, "plugin.openai"));
  EXPECT_FALSE(logging.Enabled(LogLevel::kWarn, "plugin.noisy"));
  EXPECT_FALSE(logging.Enabled(LogLevel::kError, "nats"));
  EXPECT_FALSE(logging.Enabled(LogLevel::kDebug, "plugins"));
  EXPECT_FALSE(logging.Enabled(LogLevel::kDebug, "pipeline"));
}

TEST_F(LoggingTest, CanBeTurnedOff) {
  const Logging logging = Make({.level = std::nullopt, .components = {}});
  EXPECT_FALSE(logging.Enabled(LogLevel::kError, "nats"));
}

TEST_F(LoggingTest, WritesTextOrJson) {
  const std::vector<LogField> fields = {{"key", "value"}};
  Make({}).Write(LogLevel::kInfo, "nats", "hello {} %v", fields);
  EXPECT_THAT(written_.str(), EndsWith("Z INFO  nats hello {} %v key=value\n"));
  written_.str("");
  Make({}, LogFormat::kJson).Write(LogLevel::kInfo, "nats", "hello", fields);
  EXPECT_EQ(nlohmann::json::parse(written_.str()).at("key"), "value");
}

TEST_F(LoggingTest, WritesWholeLinesFromManyThreads) {
  constexpr int kThreads = 4;
  constexpr int kLines = 200;
  Logging logging = Make({}, LogFormat::kJson);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        for (int j = 0; j < kLines; ++j) logging.Write(LogLevel::kInfo, "nats", "hello", {});
      });
    }
  }
  std::istringstream lines(written_.str());
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    ASSERT_TRUE(nlohmann::json::accept(line)) << line;
  }
  EXPECT_EQ(count, kThreads * kLines);
}

TEST(InstalledLoggingTest, EndsWithItsScope) {
  {
    const InstalledLogging logging({.level = LogLevel::kWarn, .components = {}}, LogFormat::kText);
    EXPECT_TRUE(LogEnabled(LogLevel::kWarn, "nats"));
    EXPECT_FALSE(LogEnabled(LogLevel::kInfo, "nats"));
  }
  EXPECT_FALSE(LogEnabled(LogLevel::kError, "nats"));
}

}  // namespace
}  // namespace dsw
