// SPDX-License-Identifier: Apache-2.0
#include "plugins/embed_openai/config.h"

#include <string>

#include <gtest/gtest.h>

#include <dsw/plugin.hpp>

#include "tests/support/plugin_under_test.h"

namespace dsw::openai {
namespace {

std::string With(const std::string& members) {
  return R"({"model":"text-embedding-3-small","api_key":"{{secret:api_key}}")" + members + "}";
}

std::string Refusal(const std::string& json) {
  try {
    ReadConfig(json);
    return "";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.error().category, DSW_E_INVALID_CONFIG);
    return failure.what();
  }
}

TEST(OpenAiConfigTest, TakesAllSettings) {
  const Config config = ReadConfig(
      With(R"(,"organization":"org-1","project":"p-1","user":"u","encoding_format":"float",
              "dimensions":256,"extra_body":{"truncate_prompt_tokens":-1,"x":"y"})"));
  EXPECT_EQ(config.encoding_format, "float");
  EXPECT_EQ(config.user, "u");
  EXPECT_EQ(config.dimensions, 256u);
  EXPECT_EQ(config.extra_body, R"(,"truncate_prompt_tokens":-1,"x":"y")");
  EXPECT_EQ(config.headers.back().name, "OpenAI-Project");
  EXPECT_EQ(config.headers.back().value, "p-1");
}

TEST(OpenAiConfigTest, RefusesMistakes) {
  EXPECT_EQ(Refusal(R"({"api_key":"k"})"), "openai: /model: missing");
  EXPECT_EQ(Refusal(R"({"model":"m"})").substr(0, 26), "openai: /api_key: missing,");
  EXPECT_EQ(Refusal(With(R"(,"encoding_format":"md5")")),
            "openai: /encoding_format: expected one of \"base64\", \"float\", \"none\"");
  EXPECT_EQ(
      Refusal(With(R"(,"dimensions":1537)")),
      "openai: /dimensions: text-embedding-3-small has vectors of 1 to 1536 floats, not 1537");
  EXPECT_EQ(
      Refusal(R"({"model":"text-embedding-ada-002","api_key":"k","dimensions":512})"),
      "openai: /dimensions: text-embedding-ada-002 has vectors of 1536 floats and of no other "
      "size, not 512");
  EXPECT_EQ(Refusal(With(R"(,"extra_body":{"input":[]})")),
            "openai: /extra_body/input: is a setting of its own");
  EXPECT_EQ(Refusal(With(R"(,"organization":"a","headers":{"openai-organization":"b"})")),
            "openai: /organization: \"headers\" has OpenAI-Organization too; set one of the two");
  EXPECT_EQ(Refusal(With(R"(,"temperature":1)")).substr(0, 35),
            "openai: /temperature: not a setting");
}

TEST(OpenAiConfigTest, DescribesModelAndPace) {
  FakePluginHost host;
  EmbedderUnderTest embedder(host, With(""));
  ASSERT_EQ(embedder.created, DSW_OK) << embedder.error.message;
  dsw_model_facts facts = embedder.Describe();
  EXPECT_EQ(facts.dimensions, 1536u);
  EXPECT_EQ(facts.max_tokens, 8192u);
  EXPECT_EQ(facts.max_batch, 2048u);
  EXPECT_EQ(facts.max_request_tokens, 300'000u);
  EXPECT_EQ(facts.max_request_bytes, 1'200'000u);
  EXPECT_EQ(facts.requests_per_minute, 3'000u);
  EXPECT_EQ(facts.tokens_per_minute, 1'000'000u);
  EmbedderUnderTest unknown(host, R"({"model":"text-embedding-4","api_key":"k"})");
  EXPECT_EQ(unknown.Describe().dimensions, 0u) << "new models work";
  EXPECT_TRUE(host.requests().empty());
}

TEST(OpenAiConfigTest, ThePluginPublishesItsSettings) {
  FakePluginHost host;
  const dsw_provider& provider = ProviderUnderTest(host.host());
  EXPECT_EQ(View(provider.id), "openai");
  EXPECT_EQ(View(provider.default_base_url), "https://api.openai.com/v1");
  EXPECT_EQ(View(provider.config_schema), kSchema);
  EXPECT_EQ(provider.flags, DSW_PROVIDER_REMOTE);
  EXPECT_EQ(provider.model_count, 3u);
  EXPECT_EQ(provider.models[0]->price, 20'000u);
}

}  // namespace
}  // namespace dsw::openai
