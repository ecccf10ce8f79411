// SPDX-License-Identifier: Apache-2.0
#include "plugins/embed_internal/config.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace dsw::self_hosted {
namespace {

using Json = nlohmann::json;

Config Read(Json more = Json::object()) {
  Json json = {{"model", "BAAI/bge-small-en-v1.5"}};
  json.update(more);
  return ReadConfig(json.dump());
}

bool Refuses(const Json& more, const std::string& part) {
  try {
    Read(more);
    return false;
  } catch (const Failure& failure) {
    return failure.error().category == DSW_E_INVALID_CONFIG &&
           std::string(failure.what()).find(part) != std::string::npos;
  }
}

TEST(InternalConfigTest, NeedsNeitherKeyNorAddress) {
  const Config config = Read();
  EXPECT_EQ(config.address.root, "http://embedding-inference-api:8090");
  EXPECT_FALSE(config.dialect.has_value());
  for (const HeaderField& header : config.headers) EXPECT_NE(header.name, "Authorization");
}

TEST(InternalConfigTest, SendsAKeyWhenThereIsOne) {
  const Config config = Read({{"api_key", "{{secret:api_key}}"}});
  bool found = false;
  for (const HeaderField& header : config.headers) {
    if (header.name == "Authorization") found = header.value == "Bearer {{secret:api_key}}";
  }
  EXPECT_TRUE(found);
}

TEST(InternalConfigTest, LetsTheAddressTellTheDialectUnlessItIsSet) {
  EXPECT_EQ(Read({{"base_url", "http://h/v1"}}).dialect, Dialect::kOpenAi);
  const Config set = Read({{"base_url", "http://h/v1"}, {"dialect", "tei"}});
  EXPECT_EQ(set.dialect, Dialect::kTei);
  EXPECT_TRUE(set.dialect_set);
  EXPECT_FALSE(Read({{"dialect", "auto"}}).dialect.has_value());
}

TEST(InternalConfigTest, KnowsTheSizesOfFastEmbedsModels) {
  EXPECT_EQ(Read().facts.dimensions, 384u);
  EXPECT_EQ(Read({{"model", "BAAI/bge-large-en-v1.5"}}).facts.dimensions, 1024u);
  EXPECT_EQ(Read({{"model", "sentence-transformers/all-MiniLM-L6-v2"}}).facts.max_tokens, 256u);
  EXPECT_EQ(Read({{"model", "a/model-of-mine"}}).facts.dimensions, 0u);
}

TEST(InternalConfigTest, RefusesUnknownKeysAndValues) {
  EXPECT_TRUE(Refuses({{"dialect", "grpc"}}, "/dialect"));
  EXPECT_TRUE(Refuses({{"truncate", "END"}}, "/truncate"));
  EXPECT_TRUE(Refuses({{"options", 1}}, "/options"));
  EXPECT_TRUE(Refuses({{"truncation_direction", "left"}}, "/truncation_direction"));
  EXPECT_TRUE(Refuses({{"max_batchs", 1}}, "/max_batchs"));
  EXPECT_TRUE(Refuses({{"base_url", "ftp://h"}}, "/base_url"));
}

TEST(InternalConfigTest, PublishesASchemaThatIsJson) {
  EXPECT_TRUE(Json::accept(kSchema));
}

}  // namespace
}  // namespace dsw::self_hosted
