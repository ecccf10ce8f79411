// SPDX-License-Identifier: Apache-2.0
#include "plugins/embed_cohere/config.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "plugins/embed_common/common_schema.h"
#include "plugins/embed_common/config_schema.h"
#include "plugins/embed_common/model_table.h"

namespace dsw::cohere {

const char kSchema[] =
    R"({"type": "object", "additionalProperties": false, "required": ["model"],)"
    R"( "properties": {)"  //
    DSW_COMMON_PROPERTIES R"(,)"
    R"("api_version": {"type": "string", "enum": ["v1", "v2"],)"
    R"( "description": "Version of the API; without it the one that base_url names."},)"
    R"("input_type": {"type": "string", "x-dsw-vectors": true,)"
    R"( "enum": ["search_document", "search_query", "classification", "clustering"],)"
    R"( "description": "What all texts are for; without it search_document for what is stored and)"
    R"( search_query for questions."},)"
    R"("embedding_types": {"type": "array", "minItems": 1,)"
    R"( "items": {"type": "string", "enum": ["float", "base64"]},)"
    R"( "description": "How vectors are sent; without it base64 where the API has it."},)"
    R"("truncate": {"type": "string", "enum": ["NONE", "START", "END"],)"
    R"( "x-dsw-vectors": true,)"
    R"( "description": "Which end of a text that is too long the service cuts off; NONE: it)"
    R"( refuses the text."},)"
    R"("max_tokens": {"type": "integer", "minimum": 1, "x-dsw-vectors": true,)"
    R"( "description": "Tokens after which the service cuts a text; version 2."},)"
    R"("priority": {"type": "integer", "minimum": 0, "maximum": 999,)"
    R"( "description": "0 goes first when the service is busy; version 2."})"
    R"(}})";

namespace {

constexpr char kId[] = "cohere";
constexpr std::string_view kEndpoint = "/embed";

// Sizes and limits: Cohere's list of models. Prices: embed-v4.0 by its list, the others' by third
// parties, in 2026.
constexpr dsw_model kV4 = Model(DSW_STR("embed-v4.0"), 1536, 256, 128'000, 0, 120'000);
constexpr dsw_model kEnglish = Model(DSW_STR("embed-english-v3.0"), 1024, 0, 512, 0, 100'000);
constexpr dsw_model kMultilingual =
    Model(DSW_STR("embed-multilingual-v3.0"), 1024, 0, 512, 0, 100'000);
constexpr dsw_model kEnglishLight =
    Model(DSW_STR("embed-english-light-v3.0"), 384, 0, 512, 0, 100'000);
constexpr dsw_model kMultilingualLight =
    Model(DSW_STR("embed-multilingual-light-v3.0"), 384, 0, 512, 0, 100'000);

}  // namespace

ProviderDefaults Defaults() {
  ProviderDefaults defaults{};
  defaults.id = kId;
  defaults.base_url = kBaseUrl;
  defaults.other_url = "https://api.cohere.com";
  defaults.endpoint = kEndpoint;
  defaults.key_variable = "COHERE_API_KEY";
  defaults.models = kModels;
  defaults.model_count = kModelCount;
  defaults.facts.struct_size = sizeof defaults.facts;
  defaults.facts.max_batch = kMaxBatch;
  // For trial and production keys alike; the answers say nothing of it until it is too late.
  defaults.facts.inputs_per_minute = 2'000;
  return defaults;
}

const dsw_model* const kModels[] = {&kV4, &kEnglish, &kMultilingual, &kEnglishLight,
                                    &kMultilingualLight};
const std::size_t kModelCount = sizeof kModels / sizeof kModels[0];

namespace {

[[noreturn]] void Refuse(const std::string& what) {
  throw Failure(DSW_E_INVALID_CONFIG, std::string(kId) + ": " + what);
}

bool DropEnd(std::string_view& text, std::string_view end) {
  if (text.size() < end.size() || text.substr(text.size() - end.size()) != end) return false;
  text.remove_suffix(end.size());
  return true;
}

/// `base` with the version of the API, and which one that is. A base without a version that ends
/// in the endpoint is somebody's own address and stays as it is.
std::string VersionedBase(std::string_view base, int wanted, int& version) {
  const std::size_t query_at = std::min(base.find('?'), base.size());
  const std::string_view query = base.substr(query_at);
  std::string_view path = base.substr(0, query_at);
  while (DropEnd(path, "/")) {
  }
  const bool own_endpoint = DropEnd(path, kEndpoint);
  const int named = DropEnd(path, "/v1") ? 1 : DropEnd(path, "/v2") ? 2 : 0;
  version = wanted != 0 ? wanted : named != 0 ? named : 2;
  std::string result(path);
  if (named != 0 || !own_endpoint) result += "/v" + std::to_string(version);
  result += kEndpoint;
  return result.append(query);
}

void CheckVersion(const Config& config, const nlohmann::json& json) {
  if (config.api_version == 2) return;
  constexpr char kWayOut[] = ": only version 2 of the API has it; set \"api_version\": \"v2\"";
  for (const char* name : {"max_tokens", "priority"}) {
    if (json.contains(name)) Refuse("/" + std::string(name) + kWayOut);
  }
  if (config.dimensions != 0 && config.known != nullptr &&
      config.dimensions != config.known->dimensions) {
    Refuse(std::string("/dimensions") + kWayOut);
  }
  if (config.base64) Refuse(std::string("/embedding_types: base64") + kWayOut);
}

}  // namespace

Config ReadConfig(std::string_view json) {
  nlohmann::json root = ParseConfig(kId, kSchema, json);
  const std::string wanted = root.value("api_version", "");
  int version = 0;
  root["base_url"] = VersionedBase(root.value("base_url", std::string(kBaseUrl)),
                                   wanted.empty()   ? 0
                                   : wanted == "v1" ? 1
                                                    : 2,
                                   version);
  Config config;
  static_cast<CommonConfig&>(config) = ReadCommonConfig(root, Defaults());
  config.api_version = version;
  config.input_type = root.value("input_type", "");
  config.truncate = root.value("truncate", "");
  if (root.contains("max_tokens")) config.max_tokens = root["max_tokens"];
  if (root.contains("priority")) config.priority = root["priority"];
  const auto types = root.find("embedding_types");
  config.base64 = types == root.end()
                      ? version == 2
                      : std::find(types->begin(), types->end(), "base64") != types->end();
  CheckVersion(config, root);
  const std::uint32_t size = config.dimensions;
  if (config.known == &kV4 && size != 0 && size != 256 && size != 512 && size != 1024 &&
      size != 1536) {
    Refuse("/dimensions: " + std::to_string(size) +
           " is no size of embed-v4.0; it has 256, 512, 1024 and 1536");
  }
  return config;
}

}  // namespace dsw::cohere
