// SPDX-License-Identifier: Apache-2.0
#include "plugins/embed_jina/config.h"

#include <string>

#include <gtest/gtest.h>

#include <dsw/plugin.hpp>

#include "tests/support/plugin_under_test.h"

namespace dsw::jina {
namespace {

Config Read(const std::string& model, const std::string& members = "") {
  std::string warning;
  return ReadConfig(R"({"model":")" + model + R"(","api_key":"k")" + members + "}", warning);
}

std::string Refusal(const std::string& model, const std::string& members) {
  try {
    Read(model, members);
    return "";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.error().category, DSW_E_INVALID_CONFIG);
    return failure.what();
  }
}

std::string TasksWith(const std::string& model, const std::string& members = "") {
  const Config config = Read(model, members);
  return config.document_task + "|" + config.query_task;
}

TEST(JinaConfigTest, HasATaskPerFamily) {
  const std::string retrieval = "retrieval.passage|retrieval.query";
  EXPECT_EQ(TasksWith("jina-embeddings-v2-base-de"), "|");
  EXPECT_EQ(TasksWith("jina-embeddings-v3"), retrieval);
  EXPECT_EQ(TasksWith("jina-embeddings-v4"), retrieval);
  EXPECT_EQ(TasksWith("jina-code-embeddings-0.5b"), "|");
  EXPECT_EQ(TasksWith("jina-embeddings-v5-text-small"), "|");
  EXPECT_EQ(TasksWith("jina-embeddings-v3", R"(,"task":"none")"), "|");
  EXPECT_EQ(TasksWith("jina-embeddings-v3", R"(,"task":"retrieval")"), retrieval);
  EXPECT_EQ(TasksWith("jina-embeddings-v3", R"(,"task":"retrieval.query")"),
            "retrieval.query|retrieval.query");
  EXPECT_EQ(TasksWith("jina-embeddings-v3", R"(,"task":"separation")"), "separation|separation");
  EXPECT_EQ(TasksWith("jina-embeddings-v4", R"(,"task":"code")"), "code.passage|code.query");
  EXPECT_EQ(TasksWith("jina-code-embeddings-1.5b", R"(,"task":"nl2code")"),
            "nl2code.passage|nl2code.query");
  EXPECT_EQ(TasksWith("jina-embeddings-v6", R"(,"task":"new")"), "new|new");
}

TEST(JinaConfigTest, RefusesFieldsThatTheModelDoesNotHave) {
  EXPECT_EQ(Refusal("jina-embeddings-v2-base-en", R"(,"task":"retrieval")"),
            "jina: /task: jina-embeddings-v2-base-en has none; remove it");
  EXPECT_EQ(Refusal("jina-embeddings-v4", R"(,"task":"separation")"),
            "jina: /task: jina-embeddings-v4 has not this one but: retrieval, text-matching, code");
  EXPECT_EQ(Refusal("jina-embeddings-v2-base-en", R"(,"dimensions":512)"),
            "jina: /dimensions: jina-embeddings-v2-base-en has vectors of 768 floats and of no "
            "other size, not 512");
  EXPECT_EQ(Refusal("jina-embeddings-v5-text-nano", R"(,"dimensions":16)"),
            "jina: /dimensions: jina-embeddings-v5-text-nano has vectors of 32 to 768 floats, not "
            "16");
  EXPECT_EQ(Refusal("jina-embeddings-v4", R"(,"normalized":true)"),
            "jina: /normalized: jina-embeddings-v4 has no such choice; remove it");
  EXPECT_EQ(Refusal("jina-embeddings-v3", R"(,"embedding_type":"binary")"),
            "jina: /embedding_type: expected one of \"base64\", \"float\"");
}

TEST(JinaConfigTest, TakesTheShortNameWithAWarning) {
  FakePluginHost host;
  host.Answer(200, "[[1]]");
  EmbedderUnderTest embedder(host, R"({"model":"jina-embeddings-v2","api_key":"k"})");
  ASSERT_EQ(embedder.created, DSW_OK) << embedder.error.message;
  ASSERT_EQ(host.log().size(), 1u);
  EXPECT_EQ(host.log()[0],
            "jina: there is no model jina-embeddings-v2; jina-embeddings-v2-base-en is used");
  EXPECT_EQ(embedder.Describe().dimensions, 768u);
  embedder.Embed({"a"});
  EXPECT_EQ(host.requests()[0].body,
            R"({"model":"jina-embeddings-v2-base-en","input":["a"],"embedding_type":"base64"})");
}

TEST(JinaConfigTest, DescribesModelAndPace) {
  FakePluginHost host;
  EmbedderUnderTest embedder(host, R"({"model":"jina-embeddings-v3","api_key":"k"})");
  const dsw_model_facts facts = embedder.Describe();
  EXPECT_EQ(facts.dimensions, 1024u);
  EXPECT_EQ(facts.max_tokens, 8192u);
  EXPECT_EQ(facts.max_batch, 512u);
  EXPECT_EQ(facts.requests_per_minute, 500u);
  EXPECT_EQ(facts.tokens_per_minute, 1'000'000u);
  EXPECT_EQ(facts.max_concurrency, 5u);
  EXPECT_TRUE(host.log().empty());
}

}  // namespace
}  // namespace dsw::jina
