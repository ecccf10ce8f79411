// SPDX-License-Identifier: Apache-2.0
#include "plugins/embed_common/common_config.h"

#include <cstddef>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <dsw/plugin.hpp>

#include "plugins/embed_common/common_schema.h"
#include "plugins/embed_common/config_schema.h"
#include "plugins/embed_common/model_table.h"

namespace dsw {
namespace {

using Json = nlohmann::json;

constexpr char kSchema[] = R"({"type":"object","properties":{)" DSW_COMMON_PROPERTIES "}}";

constexpr dsw_model kFixed = Model(DSW_STR("fixed"), 768, 0, 512, 1000, 0);
constexpr dsw_model kSized = Model(DSW_STR("sized"), 1024, 32, 8192, 0, 0);
constexpr const dsw_model* kModels[] = {&kFixed, &kSized};
constexpr std::uint32_t kSizes[] = {256, 1024, 2048};

ProviderDefaults Defaults() {
  ProviderDefaults defaults{};
  defaults.id = "p";
  defaults.base_url = "https://api.example.org/v1";
  defaults.endpoint = "/embeddings";
  defaults.key_variable = "P_API_KEY";
  defaults.models = kModels;
  defaults.model_count = 2;
  defaults.facts.max_batch = 96;
  defaults.facts.bytes_per_token = 2;
  defaults.facts.requests_per_minute = 500;
  defaults.facts.max_concurrency = 5;
  defaults.other_url = "https://other.example.org/v1";
  return defaults;
}

CommonConfig Read(const Json& more, const ProviderDefaults& defaults = Defaults()) {
  Json json = {{"model", "fixed"}, {"api_key", "{{secret:api_key}}"}};
  json.merge_patch(more);
  return ReadCommonConfig(ParseConfig("p", kSchema, json.dump()), defaults);
}

std::string Refusal(const Json& more, const ProviderDefaults& defaults = Defaults()) {
  try {
    Read(more, defaults);
    return "";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.error().category, DSW_E_INVALID_CONFIG);
    return failure.what();
  }
}

std::string HeaderOf(const CommonConfig& config, std::string_view name) {
  for (const HeaderField& header : config.headers) {
    if (header.name == name) return header.value;
  }
  return {};
}

TEST(CommonConfigTest, HasDefaults) {
  const CommonConfig config = Read(Json::object());
  EXPECT_EQ(config.url, "https://api.example.org/v1/embeddings");
  EXPECT_EQ(HeaderOf(config, "Content-Type"), "application/json");
  EXPECT_EQ(HeaderOf(config, "Authorization"), "Bearer {{secret:api_key}}");
  EXPECT_EQ(config.known, &kFixed);
  EXPECT_EQ(config.facts.dimensions, 768u);
  EXPECT_EQ(config.facts.max_tokens, 512u);
  EXPECT_EQ(config.facts.max_request_tokens, 1000u);
  EXPECT_EQ(config.facts.max_batch, 96u);
  EXPECT_EQ(config.facts.requests_per_minute, 500u);
}

TEST(CommonConfigTest, SettingsWin) {
  const CommonConfig config = Read({{"model", "sized"},
                                    {"dimensions", 64},
                                    {"max_batch", 7},
                                    {"max_input_tokens", 100},
                                    {"max_request_tokens", 0},
                                    {"requests_per_minute", 0},
                                    {"inputs_per_minute", 10},
                                    {"tokens_per_minute", 5'000'000'000},
                                    {"max_concurrency", 2}});
  EXPECT_EQ(config.facts.dimensions, 64u);
  EXPECT_EQ(config.facts.max_batch, 7u);
  EXPECT_EQ(config.facts.max_tokens, 100u);
  EXPECT_EQ(config.facts.max_request_tokens, 0u);
  EXPECT_EQ(config.facts.requests_per_minute, 0u);
  EXPECT_EQ(config.facts.inputs_per_minute, 10u);
  EXPECT_EQ(config.facts.tokens_per_minute, 5'000'000'000u);
  EXPECT_EQ(config.facts.max_concurrency, 2u);
}

TEST(CommonConfigTest, NewModelsWork) {
  const CommonConfig config = Read({{"model", "next"}, {"dimensions", 4096}});
  EXPECT_EQ(config.known, nullptr);
  EXPECT_EQ(config.facts.dimensions, 4096u);
  EXPECT_EQ(Read({{"model", "next"}}).facts.dimensions, 0u);
}

TEST(CommonConfigTest, ThePaceIsTheVendorsOwn) {
  const CommonConfig config = Read({{"base_url", "http://localhost:8000/v1"}});
  EXPECT_EQ(config.facts.requests_per_minute, 0u);
  EXPECT_EQ(config.facts.max_concurrency, 0u);
  EXPECT_EQ(config.facts.max_batch, 96u);
  EXPECT_EQ(Read({{"base_url", "https://other.example.org/v1"}}).facts.requests_per_minute, 500u);
}

TEST(CommonConfigTest, WantsAKeyForTheVendorsHostsAlone) {
  const Json none = {{"api_key", nullptr}};
  EXPECT_EQ(Refusal(none),
            "p: /api_key: missing, and https://api.example.org/v1 takes no request without one; "
            "set P_API_KEY, or the embedder's api_key_encrypted, or \"api_key\": \"env:NAME\" for "
            "another variable");
  EXPECT_NE(Refusal({{"api_key", ""}}), "");
  EXPECT_NE(Refusal({{"api_key", nullptr}, {"base_url", "https://API.example.org:443/v2"}}), "");
  EXPECT_NE(Refusal({{"api_key", nullptr}, {"base_url", "https://other.example.org"}}), "");
  const CommonConfig config = Read({{"api_key", nullptr}, {"base_url", "http://localhost/v1"}});
  EXPECT_EQ(HeaderOf(config, "Authorization"), "");
}

TEST(CommonConfigTest, HasTheUsersHeaders) {
  const CommonConfig config = Read({{"headers", {{"X-Team", "{{secret:team}}"}}}});
  EXPECT_EQ(HeaderOf(config, "X-Team"), "{{secret:team}}");
  EXPECT_EQ(Refusal({{"api_key", nullptr}, {"headers", {{"authorization", "Basic x"}}}}), "");
}

TEST(CommonConfigTest, RefusesHeadersThatAreNotTheUsers) {
  EXPECT_EQ(Refusal({{"headers", {{"content-TYPE", "x"}}}}),
            "p: /headers/content-TYPE: is set by the worker itself; remove it");
  EXPECT_EQ(Refusal({{"headers", {{"authorization", "x"}}}}),
            "p: /headers/authorization: is made from api_key; set one of the two");
  EXPECT_EQ(Refusal({{"headers", {{"a b", "x"}}}}), "p: /headers/a b: not the name of a header");
  EXPECT_EQ(Refusal({{"headers", {{"X-A", "1"}, {"x-a", "2"}}}}),
            "p: /headers/x-a: is there twice");
  EXPECT_EQ(Refusal({{"headers", {{"X-A", "1\r\nHost: b"}}}}),
            "p: /headers/X-A: has a line break or another character that no header has");
}

TEST(CommonConfigTest, DoesNotRepeatAKey) {
  const std::string refusal = Refusal({{"api_key", "hidden\n"}});
  EXPECT_EQ(refusal, "p: /api_key: has a line break or another character that no key has");
}

TEST(CommonConfigTest, ChecksDimensionsOfKnownModels) {
  EXPECT_EQ(Refusal({{"dimensions", 768}}), "");
  EXPECT_EQ(Refusal({{"dimensions", 512}}),
            "p: /dimensions: fixed has vectors of 768 floats and of no other size, not 512");
  const std::string range = "p: /dimensions: sized has vectors of 32 to 1024 floats, not ";
  EXPECT_EQ(Refusal({{"model", "sized"}, {"dimensions", 16}}), range + "16");
  EXPECT_EQ(Refusal({{"model", "sized"}, {"dimensions", 1025}}), range + "1025");
  ProviderDefaults defaults = Defaults();
  defaults.sizes = kSizes;
  defaults.size_count = 3;
  EXPECT_EQ(Refusal({{"model", "sized"}, {"dimensions", 2048}}, defaults), "");
  EXPECT_EQ(Refusal({{"model", "sized"}, {"dimensions", 512}}, defaults),
            "p: /dimensions: sized has vectors of 256, 1024, 2048 floats, not 512");
}

TEST(CommonConfigTest, AsksForDimensionsOnlyWhenTheyAreNotTheModelsOwn) {
  dsw_embed_request request{};
  const CommonConfig plain = Read({{"model", "sized"}});
  const CommonConfig small = Read({{"model", "sized"}, {"dimensions", 64}});
  EXPECT_EQ(WantedDimensions(plain, request), 0u);
  EXPECT_EQ(ExpectedDimensions(plain, request), 1024u);
  EXPECT_EQ(WantedDimensions(small, request), 64u);
  EXPECT_EQ(ExpectedDimensions(small, request), 64u);
  request.dimensions = 1024;
  EXPECT_EQ(WantedDimensions(small, request), 0u);
  EXPECT_EQ(ExpectedDimensions(small, request), 1024u);
}

TEST(CommonConfigTest, NeedsAModelAndAServer) {
  EXPECT_EQ(Refusal({{"model", nullptr}}), "p: /model: missing; name the model");
  ProviderDefaults defaults = Defaults();
  defaults.base_url = {};
  EXPECT_EQ(Refusal(Json::object(), defaults), "p: /base_url: missing; name the server");
}

TEST(CommonConfigTest, AddsHeadersOfTheProvider) {
  CommonConfig config = Read({{"headers", {{"X-A", "1"}}}});
  AddHeader(config, "p", "/b", "X-B", "2");
  EXPECT_EQ(HeaderOf(config, "X-B"), "2");
  EXPECT_THROW(AddHeader(config, "p", "/a", "x-a", "2"), Failure);
  EXPECT_THROW(AddHeader(config, "p", "/c", "X-C", "2\n"), Failure);
}

TEST(CommonConfigTest, PutsFactsOnlyAsFarAsTheCallersStructReaches) {
  dsw_model_facts facts{};
  facts.dimensions = 3;
  facts.max_concurrency = 9;
  dsw_model_facts out{};
  out.struct_size = offsetof(dsw_model_facts, max_tokens);
  PutFacts(facts, out);
  EXPECT_EQ(out.dimensions, 3u);
  EXPECT_EQ(out.max_concurrency, 0u);
  EXPECT_EQ(out.struct_size, offsetof(dsw_model_facts, max_tokens));
}

}  // namespace
}  // namespace dsw
