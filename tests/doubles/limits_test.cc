// SPDX-License-Identifier: Apache-2.0
//
// What each double takes and refuses, at its limits and one beyond.
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/doubles/api.h"
#include "tests/doubles/vectors.h"

namespace dsw::doubles {
namespace {

using Json = nlohmann::json;

std::vector<std::string> Texts(std::size_t count, std::size_t bytes = 1) {
  return std::vector<std::string>(count, std::string(bytes, 'x'));
}

Json Batch(std::string_view api, const std::vector<std::string>& texts) {
  if (api == "openai") return {{"model", "text-embedding-3-small"}, {"input", texts}};
  if (api == "cohere") {
    return {{"model", "embed-english-v3.0"}, {"texts", texts}, {"input_type", "search_document"}};
  }
  if (api == "jina") return {{"model", "jina-embeddings-v3"}, {"input", texts}};
  if (api == "voyage") return {{"model", "voyage-code-3"}, {"input", texts}};
  if (api == "fastembed") return {{"model", "BAAI/bge-small-en-v1.5"}, {"texts", texts}};
  if (api == "tei") return {{"inputs", texts}};
  if (api == "ollama") return {{"model", "all-minilm"}, {"input", texts}};
  return {{"input", texts}};
}

std::string Path(std::string_view api) {
  if (api == "cohere") return "/v1/embed";
  if (api == "fastembed") return "/api/embed/batch";
  if (api == "ollama") return "/api/embed";
  if (api == "tei" || api == "embed") return "/embed";
  return "/v1/embeddings";
}

class LimitsTest : public testing::Test {
 protected:
  void Use(std::string_view api, const Options& options = {}) {
    name_ = api;
    api_ = MakeApi(api, options);
    path_ = Path(api);
  }
  Reply Post(const std::string& body, Quirk quirk = Quirk::kNone) {
    Request request;
    request.method = "POST";
    request.path = path_;
    request.headers = {{"authorization", "Bearer k"}, {"content-type", "application/json"}};
    request.body = body;
    request.at = at_;
    return api_->Answer(request, quirk);
  }
  Reply Post(const Json& body) { return Post(body.dump()); }
  Reply PostTexts(const std::vector<std::string>& texts) { return Post(Batch(name_, texts)); }
  Reply PostWith(const Json& more) {
    Json body = Batch(name_, {"a"});
    body.update(more);
    return Post(body);
  }
  void Expect(const Reply& reply, int status, std::string_view part = "") {
    EXPECT_EQ(reply.status, status) << name_ << ": " << reply.body.substr(0, 500);
    EXPECT_NE(reply.body.find(part), std::string::npos) << reply.body.substr(0, 500);
  }

  std::string name_;
  std::string path_;
  std::unique_ptr<Api> api_;
  Time at_{std::chrono::hours(1)};
};

TEST_F(LimitsTest, EachServiceTakesItsMostTextsAndNoneMore) {
  const struct {
    const char* api;
    std::size_t most;
    int status;
    const char* part;
  } cases[] = {
      {"openai", 2048, 400, "'$.input' is invalid"},
      {"cohere", 96, 400, "must be at most 96 - received 97"},
      {"jina", 512, 400, "at most 512 items"},
      {"voyage", 1000, 400, "1000"},
      {"fastembed", 128, 400, "Batch size 129 exceeds maximum 128"},
      {"tei", 32, 422, "batch size 33 > maximum allowed batch size 32"},
  };
  for (const auto& c : cases) {
    Use(c.api);
    const Reply taken = PostTexts(Texts(c.most));
    Expect(taken, 200);
    EXPECT_EQ(taken.items, c.most);
    Expect(PostTexts(Texts(c.most + 1)), c.status, c.part);
  }
}

TEST_F(LimitsTest, RefusesBodiesThatAreNotStrictlyJson) {
  for (const std::string& api : ApiNames()) {
    Use(api);
    for (const std::string bad :
         {"", "{", "{\"input\":[\"\xff\"]}", "{\"input\":[\"\\ud800\"]}", "[]", "{} {}"}) {
      EXPECT_GE(Post(bad).status, 400) << api << ' ' << bad;
    }
  }
}

TEST_F(LimitsTest, TheCloudServicesAskForAKeyFirst) {
  for (const char* api : {"openai", "cohere", "jina", "voyage"}) {
    Options options;
    options.key = "right";
    Use(api, options);
    Expect(Post(std::string("no JSON")), 401);
    Request request;
    request.method = "POST";
    request.path = path_;
    Expect(api_->Answer(request, Quirk::kNone), 401);
  }
}

TEST_F(LimitsTest, OpenAiLimitsTokensOfATextAndOfARequest) {
  Use("openai");
  Expect(PostTexts(Texts(1, 8192 * 4)), 200);
  Expect(PostTexts(Texts(1, 8192 * 4 + 1)), 400, "maximum context length is 8192 tokens");
  Expect(PostTexts(Texts(40, 30'000)), 200);
  std::vector<std::string> over = Texts(40, 30'000);
  over[0] += 'x';
  Expect(PostTexts(over), 400, "Requested 300001 tokens, max 300000 tokens per request");
  Options named;
  named.poison_named = true;
  Use("openai", named);
  std::vector<std::string> texts = {"a", std::string(40'000, 'x')};
  Expect(PostTexts(texts), 400, "Invalid 'input[1]': maximum input length is 8192 tokens.");
}

TEST_F(LimitsTest, OpenAiRefusesWhatItDoesNotKnow) {
  Use("openai");
  Expect(PostWith({{"input_type", "query"}}), 400, "Unrecognized request argument");
  Expect(PostWith({{"model", "x"}}), 404, "model_not_found");
  Expect(PostWith({{"input", {"a", ""}}}), 400, "'$.input' is invalid");
  Expect(PostWith({{"encoding_format", "md5"}}), 400, "['float', 'base64']");
  Expect(PostWith({{"dimensions", 1537}}), 400, "dimensions");
  Expect(PostWith({{"dimensions", 1536}}), 200);
  Expect(PostWith({{"model", "text-embedding-ada-002"}, {"dimensions", 1536}}), 400,
         "does not support specifying dimensions");
  Expect(PostWith({{"model", "text-embedding-ada-002"}}), 200, "text-embedding-ada-002-v2");
}

TEST_F(LimitsTest, OpenAiHoldsToRequestsAndTokensPerMinute) {
  Options options;
  options.requests_per_minute = 2;
  options.tokens_per_minute = 100;
  Use("openai", options);
  Expect(PostTexts(Texts(1, 408)), 429, "Request too large for");
  const Reply first = PostTexts(Texts(1, 240));
  Expect(first, 200);
  EXPECT_EQ(HeaderOf(first.headers, "x-ratelimit-remaining-tokens"), "40");
  EXPECT_EQ(HeaderOf(first.headers, "x-ratelimit-reset-tokens"), "36s");
  const Reply refused = PostTexts(Texts(1, 240));
  Expect(refused, 429, "tokens per min (TPM): Limit 100, Used 60, Requested 60");
  EXPECT_EQ(HeaderOf(refused.headers, "retry-after"), "12");
  Expect(PostTexts(Texts(1)), 200);
  Expect(PostTexts(Texts(1)), 429, "requests per min (RPM)");
}

TEST_F(LimitsTest, CohereAsksForAnInputTypeAndNoEmptyText) {
  Use("cohere");
  Expect(Post(Json{{"model", "embed-english-v3.0"}, {"texts", {"a"}}}), 400, "valid input_type");
  Expect(PostTexts({"a", ""}), 400, "empty string at index 1");
  Expect(PostWith({{"embedding_types", {"base64"}}}), 400, "embedding_types");
  Expect(PostWith({{"output_dimension", 256}}), 400, "output_dimension");
  Expect(PostWith({{"truncate", "NONE"}, {"texts", Texts(1, 512 * 4 + 1)}}), 400,
         "too many tokens");
  Expect(PostTexts(Texts(1, 512 * 4 + 1)), 200);
}

TEST_F(LimitsTest, CohereAnswersByTypeWhenAskedAndInItsSecondVersion) {
  Use("cohere");
  Expect(PostTexts({"post_1"}), 200, "\"texts\":[\"post _ 1\"],\"embeddings\":[[");
  Expect(PostWith({{"embedding_types", {"float"}}}), 200, "\"embeddings\":{\"float\":[[");
  path_ = "/v2/embed";
  Expect(PostTexts({"a"}), 200, "\"embeddings\":{\"float\":[[");
  Expect(PostWith({{"embedding_types", {"base64"}}}), 200, "\"embeddings\":{\"base64\":[\"");
}

TEST_F(LimitsTest, CohereTakesTwoThousandInputsAMinuteAndSaysNothingOfIt) {
  Use("cohere", WithRealRates("cohere", {}));
  for (int i = 0; i < 20; ++i) Expect(PostTexts(Texts(96)), 200);
  Expect(PostTexts(Texts(80)), 200);
  const Reply refused = PostTexts(Texts(1));
  Expect(refused, 429, "per minute request limit");
  EXPECT_EQ(HeaderOf(refused.headers, "retry-after"), "");
  at_ += std::chrono::seconds(3);
  Expect(PostTexts(Texts(96)), 200);
}

TEST_F(LimitsTest, JinaTakesTheFieldsOfTheModelAndNoOthers) {
  Use("jina");
  Expect(PostWith({{"encoding_format", "base64"}}), 422, "Extra inputs are not permitted");
  Expect(PostWith({{"task", "retrieval.passage"}, {"dimensions", 512}, {"normalized", true}}), 200);
  Expect(PostWith({{"task", "code.query"}}), 422, "task");
  Expect(PostWith({{"dimensions", 1025}}), 422, "dimensions");
  Expect(PostWith({{"model", "jina-embeddings-v4"}, {"normalized", true}}), 422, "normalized");
  Expect(PostWith({{"model", "jina-embeddings-v2-base-en"}, {"dimensions", 512}}), 422);
  Expect(PostWith({{"model", "jina-embeddings-v2"}}), 400, "INPUT_MODEL_NOT_FOUND");
  Expect(PostTexts(Texts(1, 8192 * 4)), 200);
  Expect(PostTexts(Texts(1, 8192 * 4 + 1)), 400, "exceeds maximum length");
  Expect(PostWith({{"truncate", true}, {"input", Texts(1, 8192 * 4 + 1)}}), 200);
}

TEST_F(LimitsTest, JinaServesFiveAtATime) {
  Use("jina", WithRealRates("jina", {}));
  std::vector<Reply> under_way;
  for (int i = 0; i < 5; ++i) under_way.push_back(PostTexts({"a"}));
  for (const Reply& reply : under_way) Expect(reply, 200);
  Expect(PostTexts({"a"}), 429, "RATE_CONCURRENCY_LIMIT_EXCEEDED");
  under_way.pop_back();
  Expect(PostTexts({"a"}), 200);
}

TEST_F(LimitsTest, VoyageIsNoOpenAiAndLimitsTokensByModel) {
  Use("voyage");
  Expect(PostWith({{"encoding_format", "float"}}), 400, "encoding_format");
  Expect(PostWith({{"dimensions", 512}}), 400, "dimensions");
  Expect(PostWith({{"encoding_format", "base64"}}), 200);
  Expect(PostWith({{"output_dimension", 300}}), 400, "output_dimension");
  Expect(PostTexts(Texts(4, 30'000 * 4)), 200);
  std::vector<std::string> over = Texts(4, 30'000 * 4);
  over[0] += 'x';
  Expect(PostTexts(over), 400,
         "max allowed tokens per submitted batch is 120000. Your batch has 120001 tokens");
  Expect(PostWith({{"model", "voyage-4"}, {"input", over}}), 200);
}

TEST_F(LimitsTest, VoyageTakesThreeRequestsAMinuteWithoutAPaymentMethod) {
  Use("voyage", WithRealRates("voyage", {}));
  for (int i = 0; i < 3; ++i) Expect(PostTexts({"a"}), 200);
  Expect(PostTexts({"a"}), 429, "not yet added your payment method");
  at_ += std::chrono::seconds(20);
  Expect(PostTexts({"a"}), 200);
}

TEST_F(LimitsTest, TheInferenceApiHasAQueueOfEight) {
  Options options;
  options.latency = std::chrono::milliseconds(100);
  Use("fastembed", options);
  for (int i = 1; i <= 9; ++i) {
    const Reply reply = PostTexts({"a"});
    Expect(reply, 200);
    EXPECT_EQ(reply.delay.count(), i * 100);
  }
  const Reply full = PostTexts({"a"});
  Expect(full, 503, "queue full (depth 8)");
  EXPECT_EQ(HeaderOf(full.headers, "retry-after"), "5");
  at_ += std::chrono::milliseconds(100);
  Expect(PostTexts({"a"}), 200);
}

TEST_F(LimitsTest, BodiesOverTheLimitAreRefusedBeforeTheyAreRead) {
  Use("fastembed");
  EXPECT_FALSE(api_->Early(2'097'152).has_value());
  ASSERT_TRUE(api_->Early(2'097'153).has_value());
  Expect(*api_->Early(2'097'153), 413, "(limit: 2097152 bytes)");
  Use("tei");
  EXPECT_FALSE(api_->Early(2'000'000).has_value());
  ASSERT_TRUE(api_->Early(2'000'001).has_value());
  Expect(*api_->Early(2'000'001), 413, "length limit exceeded");
}

TEST_F(LimitsTest, TeiTakesAPermitForEachText) {
  Use("tei");
  std::vector<Reply> under_way;
  for (int i = 0; i < 16; ++i) under_way.push_back(PostTexts(Texts(32)));
  for (const Reply& reply : under_way) Expect(reply, 200);
  Expect(PostTexts(Texts(1)), 429, "Overloaded");
  under_way.pop_back();
  Expect(PostTexts(Texts(32)), 200);
}

TEST_F(LimitsTest, TeiWordsErrorsByItsRoute) {
  Use("tei");
  Expect(PostTexts({}), 400, "\"error_type\":\"Empty\"");
  Expect(PostTexts({"a", ""}), 400, "Input validation error: `inputs` cannot be empty");
  Expect(Post(Json{{"input", {"a"}}}), 422, "missing field `inputs`");
  Expect(PostWith({{"truncate", false}, {"inputs", Texts(1, 512 * 4)}}), 422,
         "must have less than 512 tokens");
  path_ = "/v1/embeddings";
  Expect(Post(Json{{"input", Texts(33)}}), 422, "\"type\":\"Validation\"");
  Expect(Post(Json{{"input", {"a"}}, {"encoding_format", "base64"}}), 200, "\"embedding\":\"");
  Options old;
  old.batch_limit_is_413 = true;
  Use("tei", old);
  Expect(PostTexts(Texts(33)), 413, "batch size 33 >");
}

TEST_F(LimitsTest, OllamaKnowsItsModelsAndIsSlowOnce) {
  Options options;
  options.first_call = std::chrono::seconds(5);
  Use("ollama", options);
  Expect(PostWith({{"model", "x"}}), 404, "try pulling it first");
  EXPECT_EQ(PostTexts({"a"}).delay.count(), 5000);
  EXPECT_EQ(PostTexts({"a"}).delay.count(), 0);
  Expect(PostWith({{"truncate", false}, {"input", Texts(1, 512 * 4 + 1)}}), 400,
         "the input length exceeds the context length");
}

TEST_F(LimitsTest, TextsWithThePoisonAreRefused) {
  Options options;
  options.poison = "POISON";
  for (const std::string& api : ApiNames()) {
    Use(api, options);
    Expect(PostTexts({"a", "b"}), 200);
    EXPECT_GE(PostTexts({"a", "some POISON here"}).status, 400) << api;
  }
}

TEST_F(LimitsTest, EveryQuirkStillIsAnAnswer) {
  for (const std::string& api : ApiNames()) {
    for (int quirk = 0; quirk <= static_cast<int>(Quirk::kBareList); ++quirk) {
      Use(api);
      EXPECT_EQ(Post(Batch(api, {"a", "b"}).dump(), static_cast<Quirk>(quirk)).status, 200)
          << api << ' ' << quirk;
    }
  }
}

}  // namespace
}  // namespace dsw::doubles
