// SPDX-License-Identifier: Apache-2.0
//
// One event, one line, whatever the event holds.
#include "host/observe/log_line.h"

#include <vector>

#include <nlohmann/json.hpp>

#include "host/base/secret.h"
#include "tests/support/matchers.h"

namespace dsw {
namespace {

using testing::HasSubstr;
using testing::Not;
using Json = nlohmann::json;

LogEvent Event(std::string_view message, const std::vector<LogField>& fields) {
  return {.time = std::chrono::system_clock::time_point(std::chrono::milliseconds(1042)),
          .level = LogLevel::kWarn,
          .component = "nats",
          .message = message,
          .fields = fields};
}

TEST(LogLineTest, TextIsForPeople) {
  const std::vector<LogField> fields = {{"servers", "a:4222"}, {"note", "two words"}, {"none", ""}};
  EXPECT_EQ(TextLine(Event("it's connected", fields)),
            "1970-01-01T00:00:01.042Z WARN  nats it's connected servers=a:4222 note=\"two words\" "
            "none=\"\"");
}

TEST(LogLineTest, TextStaysOnItsLine) {
  const std::vector<LogField> fields = {{"error", "a\nb=\"c\"\x1b[31m"}};
  const std::string line = TextLine(Event("first\r\nsecond", fields));
  EXPECT_EQ(line,
            "1970-01-01T00:00:01.042Z WARN  nats first\\r\\nsecond "
            "error=\"a\\nb=\\\"c\\\"\\u001b[31m\"");
}

TEST(LogLineTest, JsonIsForPrograms) {
  const std::vector<LogField> fields = {{"servers", "a:4222"}, {"error", "line\nbreak \"quoted\""}};
  EXPECT_EQ(JsonLine(Event("connected", fields)),
            R"({"ts":"1970-01-01T00:00:01.042Z","level":"warn","component":"nats",)"
            R"("message":"connected","servers":"a:4222","error":"line\nbreak \"quoted\""})");
}

TEST(LogLineTest, JsonKeepsItsOwnNames) {
  const std::vector<LogField> fields = {{"level", "high"}, {"message", "other"}};
  const Json line = Json::parse(JsonLine(Event("m", fields)));
  EXPECT_EQ(line.at("level"), "warn");
  EXPECT_EQ(line.at("level_"), "high");
  EXPECT_EQ(line.at("message"), "m");
  EXPECT_EQ(line.at("message_"), "other");
}

TEST(LogLineTest, WhatIsNotUtf8IsReplaced) {
  const std::vector<LogField> fields = {{"bytes", "ab\xff\xfe"}, {"good", "é"}};
  const LogEvent event = Event("caf\xe9", fields);
  EXPECT_EQ(Json::parse(JsonLine(event)).at("bytes"), "ab\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_THAT(TextLine(event), HasSubstr("caf\xef\xbf\xbd bytes=\"ab\xef\xbf\xbd\xef\xbf\xbd\""));
  EXPECT_THAT(TextLine(event), HasSubstr("good=\"é\""));
}

TEST(LogLineTest, SecretsAreNotWrittenEvenWhereTheyNeedEscaping) {
  RememberSecret("pass\"word\\1");
  const std::vector<LogField> fields = {{"error", "pass\"word\\1 is wrong"}};
  const LogEvent event = Event("with pass\"word\\1", fields);
  for (const std::string& line : {TextLine(event), JsonLine(event)}) {
    EXPECT_THAT(line, Not(HasSubstr("word"))) << line;
    EXPECT_THAT(line, HasSubstr("*** is wrong"));
    EXPECT_THAT(line, HasSubstr("with ***"));
  }
}

}  // namespace
}  // namespace dsw
