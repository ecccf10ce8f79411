// SPDX-License-Identifier: Apache-2.0
#include "plugins/embed_cohere/wire.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/doubles/api.h"

namespace dsw::cohere {
namespace {

using Json = nlohmann::json;

Config Read(const Json& more = Json::object()) {
  Json json = {{"model", "embed-v4.0"}, {"api_key", "k"}, {"api_version", "v2"}};
  json.update(more);
  return ReadConfig(json.dump());
}

std::string BodyOf(const Config& config, const std::vector<std::string>& texts,
                   std::uint32_t input_type = DSW_INPUT_DOCUMENT, std::uint32_t dimensions = 0) {
  std::vector<dsw_str> views;
  for (const std::string& text : texts) views.push_back(Str(text));
  dsw_embed_request request{};
  request.struct_size = sizeof request;
  request.texts = views.data();
  request.text_count = views.size();
  request.input_type = input_type;
  request.dimensions = dimensions;
  return Body(config, request);
}

/// What an answer of the service becomes, from the host's reading of its status alone.
dsw_error Refined(int status, std::string_view body, dsw_status category) {
  Failure failure(category, "refused");
  failure.HttpStatus(status).Retryable(true);
  Refine(ParseUpstreamError(status, body), failure);
  return failure.error();
}

dsw_error Refined(std::string_view canned, dsw_status category = DSW_E_INVALID_REQUEST) {
  const doubles::Reply& reply = doubles::CannedReply("cohere", canned);
  return Refined(reply.status, reply.body, category);
}

TEST(CohereBodyTest, HasWhatVersionTwoNeeds) {
  const Json body = Json::parse(BodyOf(Read(), {"a \"quoted\" text", "ü"}));
  EXPECT_EQ(body, Json::parse(R"({"model":"embed-v4.0","input_type":"search_document",
      "embedding_types":["base64"],"texts":["a \"quoted\" text","ü"]})"));
}

TEST(CohereBodyTest, HasWhatVersionOneNeeds) {
  const Json body = Json::parse(BodyOf(Read({{"api_version", "v1"}}), {"a"}));
  EXPECT_EQ(body, Json::parse(R"({"model":"embed-v4.0","input_type":"search_document",
      "embedding_types":["float"],"texts":["a"]})"));
}

TEST(CohereBodyTest, CarriesEverySetting) {
  const Config config = Read({{"truncate", "NONE"},
                              {"max_tokens", 100},
                              {"priority", 7},
                              {"dimensions", 512},
                              {"input_type", "clustering"},
                              {"embedding_types", {"float"}}});
  const Json body = Json::parse(BodyOf(config, {"a"}, DSW_INPUT_QUERY));
  EXPECT_EQ(body, Json::parse(R"({"model":"embed-v4.0","input_type":"clustering",
      "embedding_types":["float"],"truncate":"NONE","max_tokens":100,"output_dimension":512,
      "priority":7,"texts":["a"]})"));
}

TEST(CohereBodyTest, SaysWhatTheTextsAreFor) {
  const auto type = [](const Config& config, std::uint32_t input_type) {
    return Json::parse(BodyOf(config, {"a"}, input_type))["input_type"];
  };
  EXPECT_EQ(type(Read(), DSW_INPUT_QUERY), "search_query");
  EXPECT_EQ(type(Read(), DSW_INPUT_UNSPECIFIED), "search_document");
  EXPECT_EQ(type(Read({{"input_type", "search_document"}}), DSW_INPUT_QUERY), "search_query");
  EXPECT_EQ(type(Read({{"input_type", "classification"}}), DSW_INPUT_DOCUMENT), "classification");
}

TEST(CohereBodyTest, AsksForTheCallsSize) {
  const Json body = Json::parse(BodyOf(Read(), {"a"}, DSW_INPUT_DOCUMENT, 256));
  EXPECT_EQ(body["output_dimension"], 256);
  EXPECT_FALSE(
      Json::parse(BodyOf(Read(), {"a"}, DSW_INPUT_DOCUMENT, 1536)).contains("output_dimension"));
  EXPECT_THROW(BodyOf(Read({{"api_version", "v1"}}), {"a"}, DSW_INPUT_DOCUMENT, 256), Failure);
}

TEST(CohereBodyTest, IsTakenByTheService) {
  for (const char* version : {"v1", "v2"}) {
    const auto service = doubles::MakeApi("cohere", {});
    doubles::Request request;
    request.method = "POST";
    request.path = std::string("/") + version + "/embed";
    request.headers = {{"authorization", "Bearer k"}, {"content-type", "application/json"}};
    request.body = BodyOf(Read({{"api_version", version}, {"truncate", "START"}}), {"a", "b"});
    const doubles::Reply reply = service->Answer(request, doubles::Quirk::kNone);
    EXPECT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(reply.items, 2u);
  }
}

TEST(CohereErrorTest, NamesTheLimitOfTexts) {
  const dsw_error error = Refined("too_many_items");
  EXPECT_EQ(error.category, DSW_E_TOO_LARGE);
  EXPECT_EQ(error.limit_unit, static_cast<std::uint32_t>(DSW_LIMIT_ITEMS));
  EXPECT_EQ(error.limit, 96);
  EXPECT_EQ(error.asked, 104);
}

TEST(CohereErrorTest, NamesTheTextThatIsEmpty) {
  const dsw_error error = Refined("empty_text");
  EXPECT_EQ(error.category, DSW_E_INVALID_REQUEST);
  EXPECT_EQ(error.item, 2u);
}

TEST(CohereErrorTest, TellsQuotaFromPace) {
  EXPECT_EQ(Refined("monthly_trial", DSW_E_RATE_LIMITED).category, DSW_E_QUOTA);
  EXPECT_EQ(Refined("billing", DSW_E_INVALID_REQUEST).category, DSW_E_QUOTA);
  for (const char* pace : {"rate_limit", "rate_limit_short", "rate_limit_trial_tokens"}) {
    EXPECT_EQ(Refined(pace, DSW_E_RATE_LIMITED).category, DSW_E_RATE_LIMITED) << pace;
  }
}

TEST(CohereErrorTest, KnowsStatusesThatAreCoheresOwn) {
  EXPECT_EQ(Refined("denied_token").category, DSW_E_AUTH);
  EXPECT_EQ(Refined("not_implemented", DSW_E_UNAVAILABLE).category, DSW_E_UNSUPPORTED);
  const dsw_error cancelled = Refined("cancelled");
  EXPECT_EQ(cancelled.category, DSW_E_UNAVAILABLE);
  EXPECT_NE(cancelled.flags & DSW_ERR_RETRYABLE, 0u);
}

TEST(CohereErrorTest, TellsTheTextsFromTheRequest) {
  EXPECT_EQ(Refined("too_long").category, DSW_E_INPUT_TOO_LONG);
  EXPECT_EQ(Refined(404, R"({"message":"model 'x' not found"})", DSW_E_INVALID_REQUEST).category,
            DSW_E_NOT_FOUND);
  EXPECT_EQ(Refined(400,
                    R"({"message":"invalid request: valid input_type must be provided with the )"
                    R"(provided model"})",
                    DSW_E_INVALID_REQUEST)
                .category,
            DSW_E_INVALID_CONFIG);
  EXPECT_EQ(Refined(400, R"({"message":"invalid request: something else"})", DSW_E_INVALID_REQUEST)
                .category,
            DSW_E_INVALID_REQUEST);
}

}  // namespace
}  // namespace dsw::cohere
