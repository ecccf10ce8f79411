// SPDX-License-Identifier: Apache-2.0
#include "plugins/embed_cohere/config.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace dsw::cohere {
namespace {

using Json = nlohmann::json;

/// Settings with a model and a key, and `more`.
Config Read(Json more = Json::object()) {
  Json json = {{"model", "embed-v4.0"}, {"api_key", "{{secret:api_key}}"}};
  json.update(more);
  return ReadConfig(json.dump());
}

/// What the settings are refused with; empty when they are not.
std::string Refusal(Json more) {
  try {
    Read(std::move(more));
    return {};
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.error().category, DSW_E_INVALID_CONFIG);
    return failure.what();
  }
}

struct AddressCase {
  std::string base_url;
  std::string api_version;
  std::string url;
  int version;
};

TEST(CohereConfigTest, TakesTheVersionFromTheAddressUnlessItIsSet) {
  const AddressCase cases[] = {
      {"https://api.cohere.ai/v1", "", "https://api.cohere.ai/v1/embed", 1},
      {"https://api.cohere.com", "", "https://api.cohere.com/v2/embed", 2},
      {"https://api.cohere.com/", "", "https://api.cohere.com/v2/embed", 2},
      {"https://api.cohere.com/v2", "", "https://api.cohere.com/v2/embed", 2},
      {"https://api.cohere.com/v2/embed", "", "https://api.cohere.com/v2/embed", 2},
      {"https://api.cohere.com/v2/embed/", "v1", "https://api.cohere.com/v1/embed", 1},
      {"https://api.cohere.ai/v1", "v2", "https://api.cohere.ai/v2/embed", 2},
      {"http://proxy:81/cohere", "v1", "http://proxy:81/cohere/v1/embed", 1},
      {"http://proxy:81/my/embed", "v1", "http://proxy:81/my/embed", 1},
      {"http://proxy:81/v1?team=a/b", "", "http://proxy:81/v1/embed?team=a/b", 1},
  };
  for (const AddressCase& c : cases) {
    Json more = {{"base_url", c.base_url}};
    if (!c.api_version.empty()) more["api_version"] = c.api_version;
    const Config config = Read(more);
    EXPECT_EQ(config.url, c.url) << c.base_url << ' ' << c.api_version;
    EXPECT_EQ(config.api_version, c.version) << c.base_url << ' ' << c.api_version;
  }
}

TEST(CohereConfigTest, IsTheServiceOfTheFirstVersionWithoutAnAddress) {
  const Config config = Read();
  EXPECT_EQ(config.url, "https://api.cohere.ai/v1/embed");
  EXPECT_EQ(config.api_version, 1);
  EXPECT_FALSE(config.base64);
}

TEST(CohereConfigTest, KnowsThePaceAndTheLimits) {
  const Config config = Read();
  EXPECT_EQ(config.facts.inputs_per_minute, 2'000u);
  EXPECT_EQ(config.facts.max_batch, 96u);
  EXPECT_EQ(config.facts.dimensions, 1536u);
  EXPECT_EQ(config.facts.max_tokens, 128'000u);
  EXPECT_EQ(Read({{"model", "embed-english-light-v3.0"}}).facts.dimensions, 384u);
  EXPECT_EQ(Read({{"inputs_per_minute", 0}}).facts.inputs_per_minute, 0u);
}

TEST(CohereConfigTest, AsksForBase64WhereTheVersionHasIt) {
  EXPECT_TRUE(Read({{"api_version", "v2"}}).base64);
  EXPECT_FALSE(Read({{"api_version", "v2"}, {"embedding_types", {"float"}}}).base64);
}

TEST(CohereConfigTest, RefusesWhatTheVersionOrTheModelDoesNotHave) {
  EXPECT_NE(Refusal({{"dimensions", 512}}).find("/dimensions"), std::string::npos);
  EXPECT_NE(Refusal({{"dimensions", 512}}).find("\"api_version\": \"v2\""), std::string::npos);
  EXPECT_EQ(Refusal({{"dimensions", 512}, {"api_version", "v2"}}), "");
  EXPECT_NE(Refusal({{"dimensions", 700}, {"api_version", "v2"}}).find("256, 512, 1024 and 1536"),
            std::string::npos);
  EXPECT_NE(Refusal({{"model", "embed-english-v3.0"}, {"dimensions", 512}, {"api_version", "v2"}}),
            "");
  EXPECT_NE(Refusal({{"max_tokens", 100}}).find("/max_tokens"), std::string::npos);
  EXPECT_NE(Refusal({{"priority", 1}}).find("/priority"), std::string::npos);
  EXPECT_NE(Refusal({{"embedding_types", {"base64"}}}).find("/embedding_types"), std::string::npos);
}

TEST(CohereConfigTest, RefusesUnknownKeysAndValues) {
  for (const Json& more :
       {Json{{"truncate", "end"}}, Json{{"input_type", "image"}}, Json{{"priority", 1000}},
        Json{{"embedding_types", {"int8"}}}, Json{{"api_version", "v3"}}, Json{{"inputs", 1}},
        Json{{"api_version", 1}}}) {
    EXPECT_NE(Refusal(more).find('/' + more.items().begin().key()), std::string::npos) << more;
  }
}

TEST(CohereConfigTest, PublishesASchemaThatIsJson) {
  EXPECT_TRUE(Json::accept(kSchema));
}

}  // namespace
}  // namespace dsw::cohere
