// SPDX-License-Identifier: Apache-2.0
#include "plugins/embed_internal/dialect.h"

#include <gtest/gtest.h>

#include "tests/doubles/api.h"

namespace dsw::self_hosted {
namespace {

/// What a server says to the GET that asks for a dialect.
std::optional<ServerFacts> Probe(const std::string& server, Dialect dialect,
                                 std::string_view model = "m") {
  const auto api = doubles::MakeApi(server, {});
  doubles::Request request;
  request.method = "GET";
  request.path = ProbeUrl({}, dialect);
  const doubles::Reply reply = api->Answer(request, doubles::Quirk::kNone);
  if (reply.status != 200) return std::nullopt;
  return ReadProbe(dialect, reply.body, model);
}

TEST(DialectTest, IsToldByTheFirstAnswerThatFits) {
  for (const char* server : {"fastembed", "tei", "ollama", "embed"}) {
    std::string_view found = "embed";
    for (const Dialect dialect : kProbeOrder) {
      if (Probe(server, dialect)) {
        found = DialectName(dialect);
        break;
      }
    }
    EXPECT_EQ(found, server);
  }
}

TEST(DialectTest, CallsOllamaOllamaThoughItListsModelsAsOpenAiDoes) {
  EXPECT_TRUE(Probe("ollama", Dialect::kOpenAi).has_value());
  EXPECT_TRUE(Probe("ollama", Dialect::kOllama).has_value());
}

TEST(DialectTest, IsFixedByAnAddressThatEndsInItsPath) {
  const struct {
    const char* url;
    const char* root;
    std::optional<Dialect> dialect;
    bool maybe_tei;
  } cases[] = {
      {"http://h:1", "http://h:1", std::nullopt, false},
      {"http://h:1/x", "http://h:1/x", std::nullopt, false},
      {"http://h:1/api/embed/batch", "http://h:1", Dialect::kFastEmbed, false},
      {"http://h:1/api/embed", "http://h:1", Dialect::kOllama, false},
      {"http://h:1/x/embed", "http://h:1/x", Dialect::kEmbed, true},
      {"http://h:1/v1/embeddings", "http://h:1", Dialect::kOpenAi, false},
      {"http://h:1/v1", "http://h:1", Dialect::kOpenAi, false},
  };
  for (const auto& c : cases) {
    const Address address = ReadAddress(c.url);
    EXPECT_EQ(address.root, c.root) << c.url;
    EXPECT_EQ(address.dialect, c.dialect) << c.url;
    EXPECT_EQ(address.maybe_tei, c.maybe_tei) << c.url;
  }
}

TEST(DialectTest, HasItsPathBeforeTheQuery) {
  const Address address = ReadAddress("http://h/v1?team=a");
  EXPECT_EQ(PostUrl(address, Dialect::kOpenAi), "http://h/v1/embeddings?team=a");
  EXPECT_EQ(ProbeUrl(address, Dialect::kOpenAi), "http://h/v1/models?team=a");
}

TEST(ServerFactsTest, ComeFromTheListOfEmbedders) {
  const auto facts = Probe("fastembed", Dialect::kFastEmbed, "BAAI/bge-small-en-v1.5");
  ASSERT_TRUE(facts.has_value());
  EXPECT_EQ(facts->dimensions, 384u);
  EXPECT_EQ(facts->model, "BAAI/bge-small-en-v1.5");
}

TEST(ServerFactsTest, FindAModelUnderAnotherOwnersName) {
  const auto facts =
      Probe("fastembed", Dialect::kFastEmbed, "sentence-transformers/all-MiniLM-L6-v2");
  ASSERT_TRUE(facts.has_value());
  EXPECT_EQ(facts->model, "Qdrant/all-MiniLM-L6-v2-onnx");
  EXPECT_EQ(facts->dimensions, 384u);
}

TEST(ServerFactsTest, KeepTheNameOfAModelThatTheServerDoesNotList) {
  const auto facts = Probe("fastembed", Dialect::kFastEmbed, "a/b");
  ASSERT_TRUE(facts.has_value());
  EXPECT_EQ(facts->model, "a/b");
  EXPECT_EQ(facts->dimensions, 0u);
  EXPECT_FALSE(facts->models.empty());
}

TEST(ServerFactsTest, ComeFromInfo) {
  const auto facts = Probe("tei", Dialect::kTei);
  ASSERT_TRUE(facts.has_value());
  EXPECT_EQ(facts->max_batch, 32u);
  EXPECT_EQ(facts->max_tokens, 512u);
  EXPECT_EQ(facts->max_concurrency, 16u);
}

TEST(ServerFactsTest, ComeFromTheListOfModelsOfVllm) {
  const auto facts = ReadProbe(
      Dialect::kOpenAi,
      R"({"object":"list","data":[{"id":"m","owned_by":"vllm","max_model_len":4096}]})", "m");
  ASSERT_TRUE(facts.has_value());
  EXPECT_EQ(facts->max_tokens, 4096u);
  EXPECT_TRUE(facts->base64);
}

TEST(ServerFactsTest, AreNotReadFromAnythingElse) {
  for (const char* body :
       {"", "null", "1", "{}", "[1]", "[[]]", R"([{"id":"m"}])", "<html>", R"({"data":[]})",
        R"({"object":"list","data":{}})", R"({"version":1})", R"({"model_id":"m"})", "\xff"}) {
    for (const Dialect dialect : kProbeOrder) {
      EXPECT_FALSE(ReadProbe(dialect, body, "m").has_value())
          << body << ' ' << DialectName(dialect);
    }
  }
}

TEST(ServerFactsTest, IgnoreNumbersThatCannotBeMeant) {
  const auto facts = ReadProbe(Dialect::kTei,
                               R"({"model_id":"m","max_client_batch_size":99999999999,)"
                               R"("max_input_length":-1,"max_concurrent_requests":"x"})",
                               "m");
  ASSERT_TRUE(facts.has_value());
  EXPECT_EQ(facts->max_batch, 0u);
  EXPECT_EQ(facts->max_tokens, 0u);
  EXPECT_EQ(facts->max_concurrency, 0u);
}

}  // namespace
}  // namespace dsw::self_hosted
