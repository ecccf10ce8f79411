// SPDX-License-Identifier: Apache-2.0
#include "plugins/embed_openai/config.h"

#include <nlohmann/json.hpp>

#include <dsw/plugin.hpp>

#include "plugins/embed_common/common_schema.h"
#include "plugins/embed_common/config_schema.h"
#include "plugins/embed_common/model_table.h"

namespace dsw::openai {
namespace {

using Json = nlohmann::json;

constexpr char kId[] = "openai";

// Source of sizes, limits and prices: OpenAI's model pages, 2026.
constexpr dsw_model kSmall = Model(DSW_STR("text-embedding-3-small"), 1536, 1, 8192, 0, 20'000);
constexpr dsw_model kLarge = Model(DSW_STR("text-embedding-3-large"), 3072, 1, 8192, 0, 130'000);
constexpr dsw_model kAda = Model(DSW_STR("text-embedding-ada-002"), 1536, 0, 8192, 0, 100'000);
constexpr const dsw_model* kModels[] = {&kSmall, &kLarge, &kAda};

constexpr dsw_model_facts Facts() {
  dsw_model_facts facts{};
  facts.struct_size = sizeof facts;
  facts.max_batch = 2048;
  // Counted by OpenAI as a quarter of the bytes, before anything is tokenised.
  facts.max_request_tokens = 300'000;
  facts.bytes_per_token = 4;
  facts.max_request_bytes = 1'200'000;
  // The lowest paid tier's.
  facts.requests_per_minute = 3'000;
  facts.tokens_per_minute = 1'000'000;
  return facts;
}

constexpr ProviderDefaults MakeDefaults() {
  ProviderDefaults defaults{};
  defaults.id = kId;
  defaults.base_url = "https://api.openai.com/v1";
  defaults.endpoint = "/embeddings";
  defaults.key_variable = "OPENAI_API_KEY";
  defaults.models = kModels;
  defaults.model_count = sizeof kModels / sizeof kModels[0];
  defaults.facts = Facts();
  return defaults;
}

std::string ReadExtraBody(const Json& config) {
  std::string members;
  const auto extra = config.find("extra_body");
  if (extra == config.end()) return members;
  for (const auto& [key, value] : extra->items()) {
    for (const char* ours : {"model", "input", "encoding_format", "dimensions", "user"}) {
      if (key == ours) {
        throw Failure(DSW_E_INVALID_CONFIG,
                      std::string(kId) + ": /extra_body/" + key + ": is a setting of its own");
      }
    }
    members += "," + Json(key).dump() + ":" + value.dump();
  }
  return members;
}

}  // namespace

const ProviderDefaults kDefaults = MakeDefaults();

const std::string_view kSchema =
    R"({"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",)"
    R"("additionalProperties": false, "required": ["model"], "properties": {)"  //
    DSW_COMMON_PROPERTIES
    R"(,"encoding_format": {"type": "string", "enum": ["base64", "float", "none"],)"
    R"("default": "base64", "description": "How vectors are asked for; none sends no such field."},)"
    R"("organization": {"type": "string", "minLength": 1, "maxLength": 256,)"
    R"("description": "Sent as OpenAI-Organization."},)"
    R"("project": {"type": "string", "minLength": 1, "maxLength": 256,)"
    R"("description": "Sent as OpenAI-Project."},)"
    R"("user": {"type": "string", "minLength": 1, "maxLength": 512,)"
    R"("description": "The end user, for OpenAI's abuse monitoring."},)"
    R"("extra_body": {"type": "object", "x-dsw-vectors": true,)"
    R"("description": "More fields of the request, for servers that know them."}}})";

Config ReadConfig(std::string_view json) {
  const Json root = ParseConfig(kId, kSchema, json);
  Config config;
  static_cast<CommonConfig&>(config) = ReadCommonConfig(root, kDefaults);
  config.encoding_format = root.value("encoding_format", "base64");
  if (config.encoding_format == "none") config.encoding_format.clear();
  config.user = root.value("user", "");
  config.extra_body = ReadExtraBody(root);
  if (root.contains("organization")) {
    AddHeader(config, kId, "/organization", "OpenAI-Organization",
              root["organization"].get_ref<const std::string&>());
  }
  if (root.contains("project")) {
    AddHeader(config, kId, "/project", "OpenAI-Project",
              root["project"].get_ref<const std::string&>());
  }
  return config;
}

}  // namespace dsw::openai
