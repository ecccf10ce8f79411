// SPDX-License-Identifier: Apache-2.0
#include "plugins/embed_common/http_embedder.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/fake_plugin_host.h"

namespace dsw {
namespace {

struct Provider {
  struct Config : CommonConfig {};
  static Config ReadConfig(const dsw_host&, std::string_view) {
    Config config;
    config.url = "https://api.example.org/v1/embeddings";
    config.headers = {{"Authorization", "Bearer {{secret:api_key}}"}};
    config.facts.struct_size = sizeof config.facts;
    config.facts.dimensions = 2;
    return config;
  }
  static std::string Body(const Config&, const dsw_embed_request& request) {
    return "texts: " + std::to_string(request.text_count);
  }
  static void Refine(const UpstreamError& error, Failure& failure) {
    if (error.message == "broke") Recategorise(failure, DSW_E_QUOTA);
  }
};

class HttpEmbedderTest : public testing::Test {
 protected:
  EmbedOutcome Call(const std::vector<std::string>& texts = {"a", "b"}) {
    return CallEmbed(Embedder<HttpEmbedder<Provider>>::kOps, &embedder_, texts);
  }

  FakePluginHost host_;
  HttpEmbedder<Provider> embedder_{*host_.host(), "{}"};
};

TEST_F(HttpEmbedderTest, EmbedsWithOneRequest) {
  host_.Answer(200, R"({"embeddings":[[1,2],[3,4]],"usage":{"total_tokens":5}})");
  const EmbedOutcome outcome = Call();
  ASSERT_EQ(outcome.status, DSW_OK) << outcome.error.message;
  EXPECT_EQ(outcome.vectors, (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(outcome.usage.upstream_requests, 1u);
  EXPECT_EQ(outcome.usage.prompt_tokens, 5);
  ASSERT_EQ(host_.requests().size(), 1u);
  const FakePluginHost::Request& request = host_.requests()[0];
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "https://api.example.org/v1/embeddings");
  EXPECT_EQ(request.Header("Authorization"), "Bearer {{secret:api_key}}");
  EXPECT_EQ(request.body, "texts: 2");
  EXPECT_EQ(host_.unreleased(), 0);
}

TEST_F(HttpEmbedderTest, BoundsTheAnswerByWhatItMayBe) {
  host_.Answer(200, "[[1,2],[3,4]]");
  Call();
  EXPECT_GE(host_.requests()[0].max_response_bytes, 1u << 20);
  EXPECT_LT(host_.requests()[0].max_response_bytes, 2u << 20);
}

TEST_F(HttpEmbedderTest, RefinesTheHostsReadingOfARefusal) {
  host_.Answer(429, R"({"message":"broke"})", {{"retry-after", "7"}});
  EmbedOutcome outcome = Call();
  EXPECT_EQ(outcome.status, DSW_E_QUOTA);
  EXPECT_EQ(outcome.error.retry_after_ms, -1);
  EXPECT_EQ(outcome.error.http_status, 429);
  host_.Answer(429, R"({"message":"slow"})", {{"retry-after", "7"}});
  outcome = Call();
  EXPECT_EQ(outcome.status, DSW_E_RATE_LIMITED);
  EXPECT_EQ(outcome.error.retry_after_ms, 7000);
  EXPECT_EQ(host_.unreleased(), 0);
}

TEST_F(HttpEmbedderTest, ARedirectIsNoSuccess) {
  host_.Answer(302, "");
  EXPECT_NE(Call().status, DSW_OK);
}

TEST_F(HttpEmbedderTest, SaysWhatIsWrongWithAnAnswer) {
  host_.Answer(200, "[[1,2]]", {{"x-request-id", "r-1"}});
  EmbedOutcome outcome = Call();
  EXPECT_EQ(outcome.status, DSW_E_BAD_RESPONSE);
  EXPECT_STREQ(outcome.error.message, "1 vectors for 2 texts");
  EXPECT_STREQ(outcome.error.request_id, "r-1");
  EXPECT_EQ(outcome.error.http_status, 200);
  host_.Answer(200, "[[1,2,3],[1,2,3]]");
  outcome = Call();
  EXPECT_STREQ(outcome.error.message, "vectors of 3 floats where 2 were expected");
}

TEST_F(HttpEmbedderTest, PassesOnThatThereIsNoAnswer) {
  host_.Fail(DSW_E_UNAVAILABLE, "connection refused");
  const EmbedOutcome outcome = Call();
  EXPECT_EQ(outcome.status, DSW_E_UNAVAILABLE);
  EXPECT_STREQ(outcome.error.message, "connection refused");
}

TEST_F(HttpEmbedderTest, SaysATimeoutInTheWordsThatPeopleSearchFor) {
  host_.Fail(DSW_E_TIMEOUT, "no answer from https://api.example:443: timeout after 60s");
  const EmbedOutcome outcome = Call();
  EXPECT_EQ(outcome.status, DSW_E_TIMEOUT);
  EXPECT_STREQ(outcome.error.message,
               "Embedder API timeout after 60s: no answer from https://api.example:443");
}

TEST_F(HttpEmbedderTest, DescribesWithoutARequest) {
  dsw_model_facts facts{};
  facts.struct_size = sizeof facts;
  dsw_error error{};
  const dsw_call call{};
  EXPECT_EQ(Embedder<HttpEmbedder<Provider>>::kOps.describe(&embedder_, &call, &facts, &error),
            DSW_OK);
  EXPECT_EQ(facts.dimensions, 2u);
  EXPECT_TRUE(host_.requests().empty());
}

}  // namespace
}  // namespace dsw
