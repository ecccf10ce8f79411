// SPDX-License-Identifier: Apache-2.0
#include "plugins/embed_voyage/config.h"

#include <string>

#include <gtest/gtest.h>

#include <dsw/plugin.hpp>

#include "tests/support/plugin_under_test.h"

namespace dsw::voyage {
namespace {

std::string With(const std::string& model, const std::string& members = "") {
  return R"({"model":")" + model + R"(","api_key":"k")" + members + "}";
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

TEST(VoyageConfigTest, RefusesMistakes) {
  EXPECT_EQ(Refusal(With("voyage-3.5", R"(,"dimensions":2048)")), "");
  EXPECT_EQ(Refusal(With("voyage-3.5", R"(,"dimensions":768)")),
            "voyage: /dimensions: voyage-3.5 has vectors of 256, 512, 1024, 2048 floats, not 768");
  EXPECT_EQ(
      Refusal(With("voyage-2", R"(,"dimensions":512)")),
      "voyage: /dimensions: voyage-2 has vectors of 1024 floats and of no other size, not 512");
  EXPECT_EQ(Refusal(With("voyage-3.5", R"(,"output_dtype":"binary")")),
            "voyage: /output_dtype: expected one of \"float\", \"int8\", \"uint8\"");
  EXPECT_EQ(Refusal(With("voyage-3.5", R"(,"encoding_format":"float")")),
            "voyage: /encoding_format: expected one of \"base64\", \"none\"");
  EXPECT_EQ(Refusal(With("voyage-3.5", R"(,"truncation":"no")")),
            "voyage: /truncation: expected true or false, not text");
  EXPECT_NE(Refusal(R"({"model":"voyage-2"})"), "");
  EXPECT_NE(Refusal(R"({"model":"voyage-2","base_url":"https://ai.mongodb.com/v1"})"), "");
}

dsw_model_facts FactsOf(const std::string& json) {
  FakePluginHost host;
  EmbedderUnderTest embedder(host, json);
  EXPECT_EQ(embedder.created, DSW_OK) << embedder.error.message;
  return embedder.Describe();
}

TEST(VoyageConfigTest, DescribesModelAndPace) {
  dsw_model_facts facts = FactsOf(With("voyage-2"));
  EXPECT_EQ(facts.dimensions, 1024u);
  EXPECT_EQ(facts.max_tokens, 4'000u);
  EXPECT_EQ(facts.max_batch, 1000u);
  EXPECT_EQ(facts.max_request_tokens, 320'000u);
  EXPECT_EQ(facts.bytes_per_token, 2u);
  EXPECT_EQ(facts.requests_per_minute, 2'000u);
  EXPECT_EQ(facts.tokens_per_minute, 3'000'000u);
  EXPECT_EQ(FactsOf(With("voyage-4-large")).max_request_tokens, 120'000u);
  EXPECT_EQ(FactsOf(With("voyage-4")).tokens_per_minute, 8'000'000u);
  EXPECT_EQ(FactsOf(With("voyage-3.5-lite")).tokens_per_minute, 16'000'000u);
  EXPECT_EQ(FactsOf(With("voyage-4", R"(,"tokens_per_minute":7)")).tokens_per_minute, 7u);
  EXPECT_EQ(FactsOf(With("voyage-4", R"(,"tokens_per_minute":0)")).tokens_per_minute, 0u);
  facts = FactsOf(With("voyage-5"));
  EXPECT_EQ(facts.dimensions, 0u);
  EXPECT_EQ(facts.max_request_tokens, 120'000u);
  EXPECT_EQ(facts.tokens_per_minute, 3'000'000u);
  EXPECT_EQ(FactsOf(With("voyage-4", R"(,"base_url":"http://localhost")")).tokens_per_minute, 0u);
  EXPECT_EQ(
      FactsOf(With("voyage-4", R"(,"base_url":"https://ai.mongodb.com/v1")")).tokens_per_minute,
      8'000'000u);
}

}  // namespace
}  // namespace dsw::voyage
