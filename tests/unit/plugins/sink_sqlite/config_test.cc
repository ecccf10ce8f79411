// SPDX-License-Identifier: Apache-2.0
#include "plugins/sink_sqlite/config.h"

#include <string>

#include <gtest/gtest.h>

#include <dsw/plugin.hpp>

namespace dsw::sqlite {
namespace {

TEST(SqliteConfigTest, NamesTheFile) {
  EXPECT_EQ(ParseConfig(R"({"path":"/data/vectors.sqlite"})").path, "/data/vectors.sqlite");
}

TEST(SqliteConfigTest, RefusesTheRestByItsPointer) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "not a JSON object"},
      {"[]", "not a JSON object"},
      {"{}", "/path: missing"},
      {R"({"path":""})", "/path: missing"},
      {R"({"path":1})", "/path: expected text"},
      {R"({"path":"x","file":"y"})", "/file: not a setting"}};
  for (const auto& [json, words] : cases) {
    try {
      ParseConfig(json);
      ADD_FAILURE() << json;
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.error().category, DSW_E_INVALID_CONFIG);
      EXPECT_NE(std::string(failure.what()).find(words), std::string::npos) << failure.what();
    }
  }
}

}  // namespace
}  // namespace dsw::sqlite
