// SPDX-License-Identifier: Apache-2.0
#include "plugins/embed_jina/wire.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/error_row.h"
#include "tests/support/plugin_under_test.h"

namespace dsw::jina {
namespace {

const std::vector<std::string> kTexts = {"one", "two"};

std::string BodyWith(const std::string& members, std::uint32_t input_type = DSW_INPUT_DOCUMENT,
                     std::uint32_t dimensions = 0) {
  std::string warning;
  const Config config =
      ReadConfig(R"({"model":"jina-embeddings-v3","api_key":"k")" + members + "}", warning);
  return Body(config, EmbedRequest(kTexts, input_type, dimensions).get());
}

TEST(JinaWireTest, BuildsBodies) {
  const std::string start = R"({"model":"jina-embeddings-v3","input":["one","two"])";
  EXPECT_EQ(BodyWith(""), start + R"(,"embedding_type":"base64","task":"retrieval.passage"})");
  EXPECT_EQ(BodyWith("", DSW_INPUT_UNSPECIFIED),
            start + R"(,"embedding_type":"base64","task":"retrieval.passage"})");
  EXPECT_EQ(BodyWith("", DSW_INPUT_QUERY),
            start + R"(,"embedding_type":"base64","task":"retrieval.query"})");
  EXPECT_EQ(BodyWith(R"(,"task":"none","dimensions":64,"normalized":false,"truncate":true,)"
                     R"("embedding_type":"float")"),
            start + R"(,"embedding_type":"float","dimensions":64,"normalized":false,)"
                    R"("truncate":true})");
  EXPECT_EQ(BodyWith(R"(,"task":"none")", DSW_INPUT_DOCUMENT, 128),
            start + R"(,"embedding_type":"base64","dimensions":128})");
}

TEST(JinaWireTest, KnowsWhatErrorsMean) {
  const ErrorRow rows[] = {
      {400, R"({"detail":"Model x not found","code":"INPUT_MODEL_NOT_FOUND"})", DSW_E_NOT_FOUND},
      {400, R"({"detail":"Each input list can contain at most 512 items."})", DSW_E_TOO_LARGE,
       DSW_LIMIT_ITEMS, 512},
      {422,
       R"({"detail":"Validation error","errors":[{"field":"input","message":"List should have at most 512 items after validation, not 600","type":"too_long"}]})",
       DSW_E_TOO_LARGE, DSW_LIMIT_ITEMS, 512, 600},
      {422,
       R"({"detail":"Validation error","errors":[{"field":"body -> jina-embeddings-v3 -> input -> 1","message":"Input text exceeds maximum length of 8192 tokens","type":"too_long"}]})",
       DSW_E_INPUT_TOO_LONG, DSW_LIMIT_NONE, 0, 0, 2},
      {422,
       R"({"detail":"[RID: 1] Validation error: 'body -> jina-embeddings-v3 -> encoding_format' Extra inputs are not permitted.","errors":[{"field":"encoding_format","message":"Extra inputs are not permitted","type":"extra_forbidden","input":"base64"}]})",
       DSW_E_INVALID_REQUEST},
      {401, R"({"detail":"no key","code":"AUTH_MISSING_API_KEY"})", DSW_E_AUTH},
      {401, R"({"detail":"bad key","code":"AUTH_INVALID_API_KEY"})", DSW_E_AUTH},
      {401, R"({"detail":"bad form","code":"AUTH_INVALID_FORMAT"})", DSW_E_AUTH},
      {403, R"({"detail":"no balance","code":"AUTHZ_INSUFFICIENT_BALANCE"})", DSW_E_QUOTA},
      {403, R"({"detail":"limit","code":"AUTHZ_RESOURCE_LIMIT_EXCEEDED"})", DSW_E_QUOTA},
      {403, R"({"detail":"forbidden"})", DSW_E_AUTH},
      {404, R"({"detail":"Not Found"})", DSW_E_NOT_FOUND},
      {409, R"({"detail":"busy","code":"CONFLICT_RESOURCE_BUSY"})", DSW_E_UNAVAILABLE},
      {429,
       R"({"detail":"Request rate limit exceeded: 501/500 requests per minute","code":"RATE_REQUEST_LIMIT_EXCEEDED"})",
       DSW_E_RATE_LIMITED},
      {429, R"({"detail":"Token rate limit","code":"RATE_TOKEN_LIMIT_EXCEEDED"})",
       DSW_E_RATE_LIMITED},
      {429, R"({"detail":"IP","code":"RATE_IP_LIMIT_EXCEEDED"})", DSW_E_RATE_LIMITED},
      {429,
       R"({"detail":"Concurrency limit exceeded: 6/5 concurrent requests","code":"RATE_CONCURRENCY_LIMIT_EXCEEDED"})",
       DSW_E_OVERLOADED},
      {500, R"({"detail":"x","code":"INTERNAL_ERROR"})", DSW_E_UNAVAILABLE},
      {502, "<html>", DSW_E_UNAVAILABLE},
      {503, R"({"detail":"x","code":"SERVICE_UNAVAILABLE"})", DSW_E_UNAVAILABLE},
      {504, R"({"detail":"x","code":"SERVICE_TIMEOUT"})", DSW_E_TIMEOUT},
  };
  for (const ErrorRow& row : rows) {
    FakePluginHost host;
    host.Answer(row.status, row.body);
    EmbedderUnderTest embedder(host, R"({"model":"jina-embeddings-v3","api_key":"k"})");
    ExpectRow(embedder.Embed(kTexts).error, row);
  }
}

TEST(JinaWireTest, KeepsTheWaitOfTheHeaders) {
  FakePluginHost host;
  host.Answer(503, R"({"code":"SERVICE_UNAVAILABLE"})", {{"retry-after", "3"}});
  EmbedderUnderTest embedder(host, R"({"model":"jina-embeddings-v3","api_key":"k"})");
  EXPECT_EQ(embedder.Embed(kTexts).error.retry_after_ms, 3000);
}

TEST(JinaWireTest, Embeds) {
  FakePluginHost host;
  host.Answer(200, R"({"model":"jina-embeddings-v3","object":"list",)"
                   R"("usage":{"total_tokens":6,"prompt_tokens":6},"data":[)"
                   R"({"object":"embedding","index":0,"embedding":"AACAPwAAAAA="},)"
                   R"({"object":"embedding","index":1,"embedding":"AAAAQAAAAAA="}]})");
  EmbedderUnderTest embedder(host,
                             R"({"model":"jina-embeddings-v3","api_key":"k","dimensions":2})");
  const EmbedOutcome outcome = embedder.Embed(kTexts);
  ASSERT_EQ(outcome.status, DSW_OK) << outcome.error.message;
  EXPECT_EQ(outcome.vectors, (std::vector<float>{1, 0, 2, 0}));
  EXPECT_EQ(outcome.usage.prompt_tokens, 6);
  EXPECT_EQ(host.requests()[0].url, "https://api.jina.ai/v1/embeddings");
}

}  // namespace
}  // namespace dsw::jina
