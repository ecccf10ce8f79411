// SPDX-License-Identifier: Apache-2.0
//
// How the provider for servers of one's own finds out what a server speaks.
#include <algorithm>

#include "tests/integration/providers/provider_fixture.h"

namespace dsw {
namespace {

using doubles::Entry;
using doubles::Rule;

class DialectTest : public ProviderTest {
 protected:
  std::size_t Gets() {
    const auto entries = service().entries();
    return static_cast<std::size_t>(std::count_if(
        entries.begin(), entries.end(), [](const Entry& entry) { return entry.method == "GET"; }));
  }
  Result<ModelFacts> Describe(const std::string& config_json = {}) {
    EmbedderConfig other = config();
    if (!config_json.empty()) other.config_json = config_json;
    ASSIGN_OR_RETURN(const auto embedder, Open(other));
    CallContext context;
    context.deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    return embedder->Describe(context);
  }
};

TEST_F(DialectTest, IsAskedForOnceAndWithoutTexts) {
  for (const char* server :
       {"InternalFastEmbed", "InternalTei", "InternalOllama", "InternalEmbed"}) {
    StartNamed(server);
    ASSERT_OK(EmbedTwo());
    const std::size_t gets = Gets();
    EXPECT_GE(gets, 1u);
    EXPECT_LE(gets, 4u);
    ASSERT_OK(EmbedTwo());
    EXPECT_EQ(Gets(), gets) << server;
    EXPECT_EQ(service().counters().requests, gets + 2);
    for (const Entry& entry : service().entries()) {
      EXPECT_EQ(entry.bytes == 0, entry.method == "GET");
    }
  }
}

TEST_F(DialectTest, IsNotGuessedFromAServerThatIsNotWell) {
  StartNamed("InternalTei");
  Rule rule;
  rule.method = "GET";
  rule.times = 2;
  rule.reply.emplace();
  rule.reply->status = 503;
  service().Add(rule);
  EXPECT_FAIL(EmbedTwo(), Code::kOverloaded);
  EXPECT_FAIL(EmbedTwo(), Code::kOverloaded);
  EXPECT_OK(EmbedTwo());
  EXPECT_EQ(service().counters().items, 2u) << "no text was sent to a server of unknown dialect";
}

TEST_F(DialectTest, TellsFactsOfTheServer) {
  StartNamed("InternalTei");
  ASSERT_OK_AND_ASSIGN(const ModelFacts tei, Describe());
  EXPECT_EQ(tei.max_batch, 32u);
  EXPECT_EQ(tei.max_tokens, 512u);
  EXPECT_EQ(tei.max_concurrency, 16u);
  ASSERT_OK_AND_ASSIGN(const ModelFacts set, Describe(R"({"max_batch":8,"max_input_tokens":100})"));
  EXPECT_EQ(set.max_batch, 8u);
  EXPECT_EQ(set.max_tokens, 100u);
  ASSERT_OK_AND_ASSIGN(const ModelFacts more, Describe(R"({"max_batch":800})"));
  EXPECT_EQ(more.max_batch, 32u);

  StartNamed("InternalFastEmbed");
  ASSERT_OK_AND_ASSIGN(const ModelFacts fastembed, Describe());
  EXPECT_EQ(fastembed.dimensions, 384u);
  EXPECT_EQ(fastembed.max_batch, 128u);
}

TEST_F(DialectTest, SendsTheServersOwnNameOfAModel) {
  Pairing renamed = PairingNamed("InternalFastEmbed");
  renamed.model = "sentence-transformers/all-MiniLM-L6-v2";
  Start(renamed);
  EXPECT_OK(EmbedTwo());
}

TEST_F(DialectTest, ListsTheModelsOfAServerThatHasNotTheWantedOne) {
  Pairing unknown = PairingNamed("InternalFastEmbed");
  unknown.model = "nobody/nothing";
  Start(unknown);
  EXPECT_FAIL(EmbedTwo(), Code::kNotFound, "Xenova/bge-base-en-v1.5");
}

TEST_F(DialectTest, IsCorrectedWhenAServerTurnsOutToBeAnother) {
  // /info fails to answer as it should, so that the server seems to be none that is known.
  StartNamed("InternalTei");
  Rule rule;
  rule.method = "GET";
  rule.times = 4;
  rule.reply.emplace();
  rule.reply->status = 404;
  service().Add(rule);
  EXPECT_OK(EmbedTwo());
  EXPECT_EQ(service().counters().by_status[422], 1u);
  EXPECT_OK(EmbedTwo());
  EXPECT_EQ(service().counters().by_status[422], 1u);
}

TEST_F(DialectTest, IsAskedForAnewWhenTheKnownPathIsGone) {
  StartNamed("InternalFastEmbed");
  ASSERT_OK(EmbedTwo());
  Rule gone;
  gone.reply.emplace();
  gone.reply->status = 404;
  service().Add(gone);
  const std::size_t gets = Gets();
  EXPECT_FAIL(EmbedTwo(), Code::kNotFound, "\"dialect\"");
  EXPECT_EQ(Gets(), gets + 1);
  EXPECT_OK(EmbedTwo());
}

TEST_F(DialectTest, IsTakenFromTheAddress) {
  StartNamed("InternalTei");
  EmbedderConfig other = config();
  other.base_url = service().Origin() + "/v1/embeddings";
  ASSERT_OK_AND_ASSIGN(const auto embedder, Open(other));
  const std::vector<std::string_view> texts = {"a"};
  EXPECT_OK(embedder->Embed({}, texts, InputType::kDocument));
  EXPECT_EQ(service().entries().back().path, "/v1/embeddings");
}

TEST_F(DialectTest, IsTakenFromTheSettings) {
  StartNamed("InternalTei", {}, R"({"dialect":"openai","encoding_format":"base64"})");
  ExpectVectors(Embed({"a"}), {"a"});
  EXPECT_EQ(service().entries().back().path, "/v1/embeddings");
  StartNamed("InternalTei", {}, R"({"dialect":"fastembed"})");
  EXPECT_FAIL(Embed({"a"}), Code::kNotFound, "\"dialect\"");
}

TEST_F(DialectTest, WaitsForAModelThatIsLoading) {
  doubles::Options options;
  options.first_call = std::chrono::milliseconds(300);
  StartNamed("InternalOllama", options);
  EXPECT_OK(EmbedTwo());
}

}  // namespace
}  // namespace dsw
