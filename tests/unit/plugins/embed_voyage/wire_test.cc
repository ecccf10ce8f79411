// SPDX-License-Identifier: Apache-2.0
#include "plugins/embed_voyage/wire.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/error_row.h"
#include "tests/support/plugin_under_test.h"

namespace dsw::voyage {
namespace {

const std::vector<std::string> kTexts = {"one", "two"};

std::string BodyWith(const std::string& members, std::uint32_t input_type = DSW_INPUT_DOCUMENT,
                     std::uint32_t dimensions = 0) {
  const Config config = ReadConfig(R"({"model":"voyage-3.5","api_key":"k")" + members + "}");
  return Body(config, EmbedRequest(kTexts, input_type, dimensions).get());
}

TEST(VoyageWireTest, BuildsBodies) {
  const std::string start = R"({"model":"voyage-3.5","input":["one","two"])";
  const std::string base64 = R"(,"encoding_format":"base64"})";
  EXPECT_EQ(BodyWith(""), start + R"(,"input_type":"document")" + base64);
  EXPECT_EQ(BodyWith("", DSW_INPUT_QUERY), start + R"(,"input_type":"query")" + base64);
  EXPECT_EQ(BodyWith("", DSW_INPUT_UNSPECIFIED), start + base64);
  EXPECT_EQ(BodyWith(R"(,"input_type":"none")"), start + base64);
  EXPECT_EQ(BodyWith(R"(,"input_type":"query")"), start + R"(,"input_type":"query")" + base64);
  EXPECT_EQ(BodyWith(R"(,"input_type":"none","truncation":false,"dimensions":256)"),
            start + R"(,"truncation":false,"output_dimension":256)" + base64);
  EXPECT_EQ(BodyWith(R"(,"input_type":"none","output_dtype":"float")"),
            start + R"(,"output_dtype":"float")" + base64);
  EXPECT_EQ(BodyWith(R"(,"input_type":"none","output_dtype":"int8")", DSW_INPUT_QUERY, 2048),
            start + R"(,"output_dimension":2048,"output_dtype":"int8"})")
      << "base64 of whole numbers would be bytes";
  EXPECT_EQ(BodyWith(R"(,"input_type":"none","encoding_format":"none")"), start + "}");
}

constexpr char kUnpaid[] =
    R"({"detail":"You have not yet added your payment method in the billing page and will have reduced rate limits of 3 RPM and 10K TPM."})";

dsw_error Answered(int status, const char* body) {
  FakePluginHost host;
  host.Answer(status, body);
  EmbedderUnderTest embedder(host, R"({"model":"voyage-code-3","api_key":"k"})");
  return embedder.Embed(kTexts).error;
}

TEST(VoyageWireTest, KnowsWhatErrorsMean) {
  const ErrorRow rows[] = {
      {400,
       R"({"detail":"Request to model 'voyage-code-3' failed. The max allowed tokens per submitted batch is 120000. Your batch has 124417 tokens after truncation. Please lower the number of tokens in the batch."})",
       DSW_E_TOO_LARGE, DSW_LIMIT_TOKENS, 120000, 124417},
      {400, R"({"detail":"Argument 'encoding_format' is not supported"})", DSW_E_INVALID_REQUEST},
      {401, R"({"detail":"Provided API key is invalid."})", DSW_E_AUTH},
      {403, R"({"detail":"IP blocked"})", DSW_E_AUTH},
      {422, R"({"detail":[{"loc":["body"],"msg":"malformed"}]})", DSW_E_INVALID_REQUEST},
      {429, R"({"detail":"Too many requests"})", DSW_E_RATE_LIMITED},
      {429, kUnpaid, DSW_E_RATE_LIMITED, DSW_LIMIT_NONE, 0, 0, 0, 20'000},
      {500, "oops", DSW_E_UNAVAILABLE},
      {502, "<html>", DSW_E_UNAVAILABLE},
      {503, "", DSW_E_OVERLOADED},
      {504, "", DSW_E_TIMEOUT},
  };
  for (const ErrorRow& row : rows) ExpectRow(Answered(row.status, row.body), row);
}

TEST(VoyageWireTest, TellsTheWayOut) {
  EXPECT_NE(std::string(Answered(429, kUnpaid).message).find("set requests_per_minute to 3"),
            std::string::npos);
  EXPECT_NE(std::string(Answered(401, "{}").message).find("https://ai.mongodb.com/v1"),
            std::string::npos);
}

TEST(VoyageWireTest, Embeds) {
  FakePluginHost host;
  host.Answer(200, R"({"object":"list","data":[{"object":"embedding","embedding":"AAAAQAAAAAA=",)"
                   R"("index":1},{"object":"embedding","embedding":"AACAPwAAAAA=","index":0}],)"
                   R"("model":"voyage-new","usage":{"total_tokens":8}})");
  EmbedderUnderTest embedder(host, R"({"model":"voyage-new","api_key":"k"})");
  const EmbedOutcome outcome = embedder.Embed(kTexts);
  ASSERT_EQ(outcome.status, DSW_OK) << outcome.error.message;
  EXPECT_EQ(outcome.vectors, (std::vector<float>{1, 0, 2, 0}));
  EXPECT_EQ(outcome.usage.prompt_tokens, 8);
  EXPECT_EQ(host.requests()[0].url, "https://api.voyageai.com/v1/embeddings");
}

}  // namespace
}  // namespace dsw::voyage
