// SPDX-License-Identifier: Apache-2.0
#include "plugins/embed_common/config_schema.h"

#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <dsw/plugin.hpp>

namespace dsw {
namespace {

constexpr char kSchema[] = R"({
  "$schema": "x", "title": "t", "description": "d", "type": "object",
  "additionalProperties": false, "required": ["name"],
  "properties": {
    "name": {"type": "string", "minLength": 1, "maxLength": 4},
    "size": {"type": "integer", "minimum": 1, "maximum": 9},
    "share": {"type": "number", "minimum": 0},
    "kind": {"enum": ["a", "b", 3]},
    "key": {"type": ["string", "null"]},
    "flag": {"type": "boolean", "default": true},
    "list": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 2},
    "map": {"type": "object", "additionalProperties": {"type": "string"}}
  }})";

/// Why `config` is refused; empty when it is not.
std::string Refusal(const std::string& config, const char* schema = kSchema,
                    dsw_status category = DSW_E_INVALID_CONFIG) {
  try {
    ParseConfig("p", schema, config);
    return "";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.error().category, category) << failure.what();
    return failure.what();
  }
}

std::string With(const std::string& member) {
  return R"({"name":"n",)" + member + "}";
}

TEST(ConfigSchemaTest, TakesWhatTheSchemaAllows) {
  EXPECT_EQ(Refusal(R"({"name":"äöüß","size":1,"share":0.5,"kind":"b","key":null,"flag":false,
                        "list":["x"],"map":{"any/name":"text"}})"),
            "");
  EXPECT_EQ(Refusal(With(R"("kind":3,"key":"k","size":9.0)")), "");
}

TEST(ConfigSchemaTest, NamesThePlaceTheKindAndWhatIsAllowed) {
  EXPECT_EQ(Refusal("[]"), "p: the configuration is not a JSON object");
  EXPECT_EQ(Refusal("{"), "p: the configuration is not a JSON object");
  EXPECT_EQ(Refusal("{}"), "p: /name: missing");
  EXPECT_EQ(Refusal(R"({"name":7})"), "p: /name: expected text, not the number 7");
  EXPECT_EQ(Refusal(R"({"name":""})"), "p: /name: must not be empty");
  EXPECT_EQ(Refusal(R"({"name":"12345"})"),
            "p: /name: expected text of at most 4 characters, not of 5");
  EXPECT_EQ(Refusal(With(R"("size":0)")), "p: /size: expected a number from 1 to 9, not 0");
  EXPECT_EQ(Refusal(With(R"("size":10)")), "p: /size: expected a number from 1 to 9, not 10");
  EXPECT_EQ(Refusal(With(R"("size":1.5)")),
            "p: /size: expected a whole number, not the number 1.5");
  EXPECT_EQ(Refusal(With(R"("size":18446744073709551615)")),
            "p: /size: expected a number from 1 to 9, not 18446744073709551615");
  EXPECT_EQ(Refusal(With(R"("share":-1)")), "p: /share: expected a number at least 0, not -1");
  EXPECT_EQ(Refusal(With(R"("kind":"c")")), R"(p: /kind: expected one of "a", "b", 3)");
  EXPECT_EQ(Refusal(With(R"("kind":{})")),
            R"(p: /kind: expected one of "a", "b", 3, not an object)");
  EXPECT_EQ(Refusal(With(R"("key":[])")), "p: /key: expected text or null, not a list");
  EXPECT_EQ(Refusal(With(R"("flag":"yes")")), "p: /flag: expected true or false, not text");
  EXPECT_EQ(Refusal(With(R"("list":["x",null])")), "p: /list/1: expected text, not null");
  EXPECT_EQ(Refusal(With(R"("list":[])")), "p: /list: expected a list of at least 1, not of 0");
  EXPECT_EQ(Refusal(With(R"("list":["x","y","z"])")),
            "p: /list: expected a list of at most 2, not of 3");
  EXPECT_EQ(Refusal(With(R"("map":{"a/~b":false})")),
            "p: /map/a~1~0b: expected text, not true or false");
  EXPECT_EQ(Refusal(With(R"("colour":1)")),
            "p: /colour: not a setting; there are: flag, key, kind, list, map, name, share, size");
}

TEST(ConfigSchemaTest, RefusesWhatIsNestedTooDeeply) {
  const std::string nested = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_EQ(Refusal("{\"list\":" + nested + "}"),
            "p: the configuration is nested more than 64 levels deep");
}

TEST(ConfigSchemaTest, NeverRepeatsText) {
  for (const char* member : {R"("size":"hidden")", R"("kind":"hidden")", R"("flag":"hidden")",
                             R"("list":"hidden")", R"("map":{"x":["hidden"]})"}) {
    EXPECT_EQ(Refusal(With(member)).find("hidden"), std::string::npos) << member;
  }
}

TEST(ConfigSchemaTest, AMistakeInTheSchemaIsThePlugins) {
  EXPECT_EQ(Refusal("{}", R"({"pattern":"x"})", DSW_E_INTERNAL),
            "the schema of p has an unknown keyword: pattern");
  EXPECT_EQ(Refusal("{}", "{", DSW_E_INTERNAL), "the schema of p is not JSON");
  EXPECT_NE(Refusal("{}", R"({"type":7})", DSW_E_INTERNAL), "");
}

}  // namespace
}  // namespace dsw
