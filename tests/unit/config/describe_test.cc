// SPDX-License-Identifier: Apache-2.0
//
// What people and programs are shown of the settings.
#include "host/config/describe.h"

#include <sstream>

#include <nlohmann/json.hpp>

#include "host/config/settings_table.h"
#include "tests/support/matchers.h"

namespace dsw {
namespace {

using testing::HasSubstr;
using testing::Not;

Settings Example() {
  return *ParseSettings({{"DATABASE_URL", "postgresql://me:hunter22@db/x"},
                         {"WORKER_CONCURRENCY", "8"},
                         {"QDRANT_API_KEY", "qdrant-secret"},
                         {"WORKER_CONCURENCY", "8"}});
}

TEST(DescribeTest, HelpNamesEverySettingWithItsDefault) {
  const std::string help = SettingsHelp();
  for (const Setting& setting : SettingsTable()) {
    EXPECT_THAT(help, HasSubstr("  " + std::string(setting.name) + "=" +
                                std::string(setting.default_value) + "\n"));
    EXPECT_FALSE(setting.help.empty()) << setting.name;
    EXPECT_FALSE(setting.allowed.empty()) << setting.name;
  }
}

TEST(DescribeTest, EnvironmentFileIsOfCommentsAndParsesWhenUncommented) {
  std::istringstream lines(EnvironmentFile());
  Environment environment;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.substr(0, 2) == "# ") continue;
    const std::size_t equals = line.find('=');
    ASSERT_EQ(line.front(), '#') << line;
    ASSERT_NE(equals, std::string::npos) << line;
    environment[line.substr(1, equals - 1)] = line.substr(equals + 1);
  }
  EXPECT_EQ(environment.size(), SettingsTable().size());
  EXPECT_OK(ParseSettings(environment));
}

TEST(DescribeTest, TextShowsWhatIsInForceWithoutSecrets) {
  const std::string text = EffectiveText(Example());
  EXPECT_THAT(text, HasSubstr("WORKER_CONCURRENCY=8  # set\n"));
  EXPECT_THAT(text, HasSubstr("MAX_RETRIES=3\n"));
  EXPECT_THAT(text, HasSubstr("DATABASE_URL=postgresql://me:***@db/x  # set\n"));
  EXPECT_THAT(text, HasSubstr("QDRANT_API_KEY=***  # set\n"));
  EXPECT_THAT(text, Not(HasSubstr("hunter22")));
  EXPECT_THAT(text, Not(HasSubstr("qdrant-secret")));
}

TEST(DescribeTest, JsonHoldsEverySettingAndTheWarnings) {
  const std::string text = EffectiveJson(Example());
  const auto json = nlohmann::json::parse(text);
  ASSERT_EQ(json.at("settings").size(), SettingsTable().size());
  EXPECT_EQ(json["settings"][0]["name"], "NATS_URL");
  EXPECT_EQ(json["settings"][0]["value"], "nats://localhost:4222");
  EXPECT_EQ(json["settings"][0]["source"], "default");
  EXPECT_EQ(json.at("warnings").size(), 1U);
  EXPECT_THAT(text, Not(HasSubstr("hunter22")));
  EXPECT_THAT(text, Not(HasSubstr("qdrant-secret")));
}

}  // namespace
}  // namespace dsw
