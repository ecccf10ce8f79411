// SPDX-License-Identifier: Apache-2.0
#include "plugins/embed_openai/wire.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/error_row.h"
#include "tests/support/plugin_under_test.h"

namespace dsw::openai {
namespace {

const std::vector<std::string> kTexts = {"one", "two \"2\"\n", "grüße"};

std::string BodyWith(const std::string& members, std::uint32_t dimensions = 0,
                     const char* model = "text-embedding-3-small") {
  const Config config =
      ReadConfig(R"({"model":")" + std::string(model) + R"(","api_key":"k")" + members + "}");
  return Body(config, EmbedRequest(kTexts, DSW_INPUT_QUERY, dimensions).get());
}

const std::string kStart =
    R"({"model":"text-embedding-3-small","input":["one","two \"2\"\n","grüße"])";

TEST(OpenAiWireTest, BuildsBodies) {
  EXPECT_EQ(BodyWith(""), kStart + R"(,"encoding_format":"base64"})");
  EXPECT_EQ(BodyWith(R"(,"dimensions":256)"),
            kStart + R"(,"encoding_format":"base64","dimensions":256})");
  EXPECT_EQ(BodyWith(R"(,"dimensions":256)", 512),
            kStart + R"(,"encoding_format":"base64","dimensions":512})");
  EXPECT_EQ(BodyWith(R"(,"dimensions":1536)"), kStart + R"(,"encoding_format":"base64"})")
      << "the model's own size needs no word";
  EXPECT_EQ(BodyWith(R"(,"encoding_format":"none","user":"u\"1")"), kStart + R"(,"user":"u\"1"})");
  EXPECT_EQ(BodyWith(R"(,"encoding_format":"float","extra_body":{"a":[1]})"),
            kStart + R"(,"encoding_format":"float","a":[1]})");
}

dsw_error Answered(int status, const char* body, FakePluginHost::Fields headers = {}) {
  FakePluginHost host;
  host.Answer(status, body, std::move(headers));
  EmbedderUnderTest embedder(host, R"({"model":"text-embedding-3-small","api_key":"k"})");
  EXPECT_EQ(embedder.created, DSW_OK);
  return embedder.Embed(kTexts).error;
}

TEST(OpenAiWireTest, KnowsWhatErrorsMean) {
  const ErrorRow rows[] = {
      {400,
       R"({"error":{"message":"This model's maximum context length is 8192 tokens, however you requested 10738 tokens (10738 in your prompt; 0 for the completion). Please reduce your prompt; or completion length.","type":"invalid_request_error","param":null,"code":null}})",
       DSW_E_INPUT_TOO_LONG},
      {400,
       R"({"error":{"message":"Invalid 'input[2]': maximum input length is 8192 tokens.","type":"invalid_request_error","param":"input[2]","code":null}})",
       DSW_E_INPUT_TOO_LONG, DSW_LIMIT_NONE, 0, 0, 3},
      {400,
       R"({"error":{"message":"Requested 319487 tokens, max 300000 tokens per request","type":"max_tokens_per_request","param":null,"code":"max_tokens_per_request"}})",
       DSW_E_TOO_LARGE, DSW_LIMIT_TOKENS, 300000, 319487},
      {400, R"({"error":{"message":"Too many","code":"max_tokens_per_request"}})", DSW_E_TOO_LARGE},
      {400,
       R"({"error":{"message":"'$.input' is invalid. Please check the API reference: https://platform.openai.com/docs/api-reference.","type":"invalid_request_error","param":null,"code":null}})",
       DSW_E_TOO_LARGE},
      {400,
       R"({"error":{"message":"Invalid value for 'encoding_format' = md5. Supported values: ['float', 'base64'].","type":"invalid_request_error"}})",
       DSW_E_INVALID_REQUEST},
      {401,
       R"({"error":{"message":"Incorrect API key provided: sk-abc***xyz.","type":"invalid_request_error","code":"invalid_api_key"}})",
       DSW_E_AUTH},
      {403, R"({"error":{"message":"Country, region, or territory not supported"}})", DSW_E_AUTH},
      {404,
       R"({"error":{"message":"The model `x` does not exist or you do not have access to it.","type":"invalid_request_error","code":"model_not_found"}})",
       DSW_E_NOT_FOUND},
      {413, "Payload too big", DSW_E_TOO_LARGE},
      {422,
       R"({"message":"batch size 64 > maximum allowed batch size 32","code":422,"type":"Validation"})",
       DSW_E_TOO_LARGE, DSW_LIMIT_ITEMS, 32, 64},
      {429,
       R"({"error":{"message":"Rate limit reached for text-embedding-3-small in organization org-x on tokens per min (TPM): Limit 1000000, Used 976163, Requested 70716. Please try again in 2.812s. Visit https://platform.openai.com/account/rate-limits","type":"tokens","param":null,"code":"rate_limit_exceeded"}})",
       DSW_E_RATE_LIMITED, DSW_LIMIT_NONE, 0, 0, 0, 2812},
      {429, R"({"error":{"message":"Rate limit reached","code":"rate_limit_exceeded"}})",
       DSW_E_RATE_LIMITED},
      {429,
       R"({"error":{"message":"Request too large for text-embedding-3-small in organization org-x on tokens per min (TPM): Limit 30000, Requested 31538. Visit","type":"tokens","code":"rate_limit_exceeded"}})",
       DSW_E_TOO_LARGE, DSW_LIMIT_TOKENS, 30000, 31538},
      {429,
       R"({"error":{"message":"You exceeded your current quota, please check your plan and billing details.","type":"insufficient_quota","param":null,"code":"insufficient_quota"}})",
       DSW_E_QUOTA},
      {429, R"({"message":"Model is overloaded","code":429,"type":"Overloaded"})",
       DSW_E_OVERLOADED},
      {500, R"({"error":{"message":"The server had an error","type":"server_error"}})",
       DSW_E_UNAVAILABLE},
      {502, "<html>Bad gateway</html>", DSW_E_UNAVAILABLE},
      {503, R"({"error":{"message":"The engine is currently overloaded"}})", DSW_E_OVERLOADED},
      {503, R"({"error":{"message":"Slow Down"}})", DSW_E_OVERLOADED},
      {520, "error code: 520", DSW_E_UNAVAILABLE},
  };
  for (const ErrorRow& row : rows) ExpectRow(Answered(row.status, row.body), row);
}

TEST(OpenAiWireTest, DoesNotRepeatPartsOfTheKey) {
  const dsw_error error = Answered(
      401,
      R"({"error":{"message":"Incorrect API key provided: sk-abc***xyz","code":"invalid_api_key"}})");
  EXPECT_EQ(std::string(error.message).find("sk-"), std::string::npos) << error.message;
}

TEST(OpenAiWireTest, TheServerDecidesOnRetrying) {
  constexpr std::uint32_t kSaid = DSW_ERR_HAS_RETRYABLE;
  const auto retry = [](int status, const char* body, const char* said) {
    return Answered(status, body, {{"x-should-retry", said}}).flags;
  };
  EXPECT_EQ(retry(500, "", "false"), kSaid);
  EXPECT_EQ(retry(500, "", "true"), kSaid | DSW_ERR_RETRYABLE);
  EXPECT_EQ(retry(409, "", "true"), kSaid | DSW_ERR_RETRYABLE);
  EXPECT_EQ(retry(500, "", "perhaps"), 0u);
  EXPECT_EQ(retry(429, R"({"error":{"code":"insufficient_quota"}})", "true"), 0u);
  EXPECT_EQ(retry(429, R"({"error":{"message":"Request too large"}})", "false"), 0u);
}

TEST(OpenAiWireTest, TheHeadersWaitWins) {
  EXPECT_EQ(
      Answered(429, R"({"error":{"message":"Please try again in 2.812s"}})", {{"retry-after", "4"}})
          .retry_after_ms,
      4000);
}

TEST(OpenAiWireTest, Embeds) {
  FakePluginHost host;
  host.Answer(200, R"({
  "object": "list",
  "data": [
    {"object": "embedding", "index": 1, "embedding": "AAAAQAAAAAA="},
    {"object": "embedding", "index": 0, "embedding": [1.0, 0.5]}
  ],
  "model": "text-embedding-3-small",
  "usage": {"prompt_tokens": 8, "total_tokens": 8}
})");
  EmbedderUnderTest embedder(
      host, R"({"model":"text-embedding-3-small","api_key":"{{secret:api_key}}","dimensions":2})");
  const EmbedOutcome outcome = embedder.Embed({"a", "b"});
  ASSERT_EQ(outcome.status, DSW_OK) << outcome.error.message;
  EXPECT_EQ(outcome.vectors, (std::vector<float>{1, .5f, 2, 0}));
  EXPECT_EQ(outcome.usage.total_tokens, 8);
  EXPECT_EQ(host.requests()[0].url, "https://api.openai.com/v1/embeddings");
  EXPECT_EQ(host.requests()[0].Header("Authorization"), "Bearer {{secret:api_key}}");
  EXPECT_EQ(host.requests()[0].Header("Content-Type"), "application/json");
}

}  // namespace
}  // namespace dsw::openai
