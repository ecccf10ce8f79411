// SPDX-License-Identifier: Apache-2.0
#include "plugins/embed_internal/wire.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/doubles/api.h"

namespace dsw::self_hosted {
namespace {

using Json = nlohmann::json;

Config Read(Json more = Json::object()) {
  Json json = {{"model", "nomic-embed-text"}};
  json.update(more);
  return ReadConfig(json.dump());
}

std::string BodyOf(const Config& config, Dialect dialect, bool base64 = false,
                   std::uint32_t dimensions = 0) {
  const std::vector<dsw_str> texts = {Str("a \"text\""), Str("ü")};
  dsw_embed_request request{};
  request.struct_size = sizeof request;
  request.texts = texts.data();
  request.text_count = texts.size();
  request.input_type = DSW_INPUT_DOCUMENT;
  request.dimensions = dimensions;
  ServerFacts facts;
  facts.model = config.model;
  facts.base64 = base64;
  return Body(config, dialect, facts, request);
}

Json JsonOf(const Config& config, Dialect dialect, bool base64 = false,
            std::uint32_t dimensions = 0) {
  return Json::parse(BodyOf(config, dialect, base64, dimensions));
}

const Json kTexts = {"a \"text\"", "ü"};

TEST(InternalBodyTest, IsThatOfEachDialect) {
  const Config config = Read();
  const std::string model = config.model;
  EXPECT_EQ(JsonOf(config, Dialect::kFastEmbed), Json({{"texts", kTexts}, {"model", model}}));
  EXPECT_EQ(JsonOf(config, Dialect::kTei), Json({{"inputs", kTexts}, {"truncate", true}}));
  EXPECT_EQ(JsonOf(config, Dialect::kOllama), Json({{"input", kTexts}, {"model", model}}));
  EXPECT_EQ(JsonOf(config, Dialect::kOpenAi),
            Json({{"input", kTexts}, {"model", model}, {"encoding_format", "float"}}));
  EXPECT_EQ(JsonOf(config, Dialect::kEmbed), Json({{"input", kTexts}, {"model", model}}));
}

TEST(InternalBodyTest, CarriesTheSettingsOfItsDialect) {
  const Config config = Read({{"truncate", false},
                              {"truncation_direction", "Left"},
                              {"prompt_name", "query"},
                              {"normalize", false},
                              {"keep_alive", "10m"},
                              {"options", {{"num_ctx", 8192}}},
                              {"encoding_format", "base64"}});
  EXPECT_EQ(JsonOf(config, Dialect::kTei), Json({{"inputs", kTexts},
                                                 {"truncate", false},
                                                 {"truncation_direction", "Left"},
                                                 {"prompt_name", "query"},
                                                 {"normalize", false}}));
  EXPECT_EQ(JsonOf(config, Dialect::kOllama), Json({{"input", kTexts},
                                                    {"model", config.model},
                                                    {"truncate", false},
                                                    {"keep_alive", "10m"},
                                                    {"options", {{"num_ctx", 8192}}}}));
  EXPECT_EQ(JsonOf(config, Dialect::kOpenAi)["encoding_format"], "base64");
}

TEST(InternalBodyTest, AsksForASizeWhereThatCanBeAsked) {
  for (const Dialect dialect : {Dialect::kTei, Dialect::kOllama, Dialect::kOpenAi}) {
    EXPECT_EQ(JsonOf(Read(), dialect, false, 256)["dimensions"], 256) << DialectName(dialect);
  }
  for (const Dialect dialect : {Dialect::kFastEmbed, Dialect::kEmbed}) {
    EXPECT_FALSE(JsonOf(Read(), dialect, false, 256).contains("dimensions"))
        << DialectName(dialect);
  }
}

TEST(InternalBodyTest, AsksForBase64WhereItIsKnownToWork) {
  EXPECT_EQ(JsonOf(Read(), Dialect::kOpenAi, true)["encoding_format"], "base64");
  EXPECT_EQ(JsonOf(Read({{"encoding_format", "float"}}), Dialect::kOpenAi, true)["encoding_format"],
            "float");
}

TEST(InternalBodyTest, IsTakenByTheServer) {
  const struct {
    const char* server;
    Dialect dialect;
  } cases[] = {{"fastembed", Dialect::kFastEmbed}, {"tei", Dialect::kTei},
               {"tei", Dialect::kOpenAi},          {"ollama", Dialect::kOllama},
               {"openai", Dialect::kOpenAi},       {"embed", Dialect::kEmbed}};
  for (const auto& c : cases) {
    doubles::Options options;
    options.dims = 8;
    const auto service = doubles::MakeApi(c.server, options);
    doubles::Request request;
    request.method = "POST";
    request.path = PostUrl({}, c.dialect);
    request.headers = {{"authorization", "Bearer k"}, {"content-type", "application/json"}};
    request.body = BodyOf(Read(), c.dialect);
    const doubles::Reply reply = service->Answer(request, doubles::Quirk::kNone);
    EXPECT_EQ(reply.status, 200) << c.server << ": " << reply.body;
    EXPECT_EQ(reply.items, 2u) << c.server;
  }
}

struct ErrorCase {
  Dialect dialect;
  const char* server;
  const char* canned;
  dsw_status before;  ///< The host's reading.
  dsw_status after;
  std::int64_t limit = 0;
};

TEST(InternalErrorTest, FollowsTheTablesOfTheServers) {
  const ErrorCase cases[] = {
      {Dialect::kFastEmbed, "fastembed", "batch_too_large", DSW_E_INVALID_REQUEST, DSW_E_TOO_LARGE,
       128},
      {Dialect::kFastEmbed, "fastembed", "unsupported_model", DSW_E_INVALID_REQUEST,
       DSW_E_NOT_FOUND},
      {Dialect::kFastEmbed, "fastembed", "not_preloaded", DSW_E_INVALID_REQUEST, DSW_E_NOT_FOUND},
      {Dialect::kFastEmbed, "fastembed", "missing_field", DSW_E_INVALID_REQUEST,
       DSW_E_INVALID_REQUEST},
      {Dialect::kFastEmbed, "fastembed", "not_found", DSW_E_NOT_FOUND, DSW_E_NOT_FOUND},
      {Dialect::kFastEmbed, "fastembed", "body_too_large", DSW_E_TOO_LARGE, DSW_E_TOO_LARGE,
       2'097'152},
      {Dialect::kFastEmbed, "fastembed", "embedding_error", DSW_E_UNAVAILABLE, DSW_E_UNAVAILABLE},
      {Dialect::kFastEmbed, "fastembed", "queue_full", DSW_E_UNAVAILABLE, DSW_E_OVERLOADED},
      {Dialect::kTei, "tei", "empty", DSW_E_INVALID_REQUEST, DSW_E_INVALID_REQUEST},
      {Dialect::kTei, "tei", "batch_too_large", DSW_E_INVALID_REQUEST, DSW_E_TOO_LARGE, 32},
      {Dialect::kTei, "tei", "batch_too_large_413", DSW_E_TOO_LARGE, DSW_E_TOO_LARGE, 32},
      {Dialect::kOpenAi, "tei", "batch_too_large_openai", DSW_E_INVALID_REQUEST, DSW_E_TOO_LARGE,
       32},
      {Dialect::kTei, "tei", "too_long", DSW_E_INVALID_REQUEST, DSW_E_INPUT_TOO_LONG},
      {Dialect::kTei, "tei", "tokenizer", DSW_E_INVALID_REQUEST, DSW_E_INVALID_REQUEST},
      {Dialect::kTei, "tei", "backend", DSW_E_INVALID_REQUEST, DSW_E_UNAVAILABLE},
      {Dialect::kTei, "tei", "overloaded", DSW_E_RATE_LIMITED, DSW_E_OVERLOADED},
      {Dialect::kTei, "tei", "unhealthy", DSW_E_UNAVAILABLE, DSW_E_UNAVAILABLE},
      {Dialect::kTei, "tei", "body_too_large", DSW_E_INVALID_REQUEST, DSW_E_TOO_LARGE},
      {Dialect::kOllama, "ollama", "too_long", DSW_E_INVALID_REQUEST, DSW_E_INPUT_TOO_LONG},
      {Dialect::kOllama, "ollama", "model_not_found", DSW_E_INVALID_REQUEST, DSW_E_NOT_FOUND},
      {Dialect::kOllama, "ollama", "runner_crashed", DSW_E_INVALID_REQUEST, DSW_E_BAD_RESPONSE},
      {Dialect::kOllama, "ollama", "nan", DSW_E_INVALID_REQUEST, DSW_E_BAD_RESPONSE},
      {Dialect::kOllama, "ollama", "cancelled", DSW_E_INVALID_REQUEST, DSW_E_UNAVAILABLE},
      {Dialect::kOllama, "ollama", "busy", DSW_E_UNAVAILABLE, DSW_E_OVERLOADED},
      {Dialect::kOpenAi, "openai", "too_long", DSW_E_INVALID_REQUEST, DSW_E_INPUT_TOO_LONG},
      {Dialect::kOpenAi, "openai", "rate_limit_too_large", DSW_E_RATE_LIMITED, DSW_E_TOO_LARGE,
       30'000},
      {Dialect::kEmbed, "embed", "tei_in_disguise", DSW_E_INVALID_REQUEST, DSW_E_INVALID_REQUEST},
  };
  for (const ErrorCase& c : cases) {
    const doubles::Reply& reply = doubles::CannedReply(c.server, c.canned);
    Failure failure(c.before, "refused");
    RefineOf(c.dialect)(ParseUpstreamError(reply.status, reply.body), failure);
    EXPECT_EQ(failure.error().category, c.after) << c.server << ' ' << c.canned;
    EXPECT_EQ(failure.error().limit, c.limit) << c.server << ' ' << c.canned;
  }
}

TEST(InternalErrorTest, KnowsAnotherDialect) {
  const struct {
    Dialect dialect;
    const char* server;
    const char* canned;
  } cases[] = {{Dialect::kFastEmbed, "fastembed", "missing_field"},
               {Dialect::kFastEmbed, "fastembed", "not_found"},
               {Dialect::kTei, "fastembed", "not_found"},
               {Dialect::kOllama, "fastembed", "not_found"},
               {Dialect::kOpenAi, "fastembed", "not_found"},
               {Dialect::kEmbed, "fastembed", "not_found"},
               {Dialect::kTei, "tei", "missing_inputs"},
               {Dialect::kEmbed, "embed", "tei_in_disguise"}};
  for (const auto& c : cases) {
    const doubles::Reply& reply = doubles::CannedReply(c.server, c.canned);
    Failure failure(DSW_E_INVALID_REQUEST, "refused");
    RefineOf(c.dialect)(ParseUpstreamError(reply.status, reply.body), failure);
    EXPECT_EQ(failure.error().code, kWrongDialect) << DialectName(c.dialect) << ' ' << c.canned;
    EXPECT_NE(std::string(failure.what()).find("\"dialect\""), std::string::npos);
  }
}

TEST(InternalErrorTest, TriesOllamasOwnCrashesOnceMore) {
  const doubles::Reply& reply = doubles::CannedReply("ollama", "runner_crashed");
  Failure failure(DSW_E_INVALID_REQUEST, "refused");
  RefineOf(Dialect::kOllama)(ParseUpstreamError(reply.status, reply.body), failure);
  EXPECT_NE(failure.error().flags & DSW_ERR_RETRYABLE, 0u);
}

}  // namespace
}  // namespace dsw::self_hosted
