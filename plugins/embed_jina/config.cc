// SPDX-License-Identifier: Apache-2.0
#include "plugins/embed_jina/config.h"

#include <nlohmann/json.hpp>

#include <dsw/plugin.hpp>

#include "plugins/embed_common/common_schema.h"
#include "plugins/embed_common/config_schema.h"
#include "plugins/embed_common/model_table.h"
#include "plugins/embed_jina/tasks.h"

namespace dsw::jina {
namespace {

using Json = nlohmann::json;

constexpr char kId[] = "jina";
constexpr std::string_view kShortName = "jina-embeddings-v2";

constexpr dsw_model V2(dsw_str id) {
  return Model(id, 768, 0, 8192, 0, 0);
}

// Source of sizes, limits and prices: Jina's model pages and GET /v1/models, 2026.
constexpr dsw_model kV2En = V2(DSW_STR("jina-embeddings-v2-base-en"));
constexpr dsw_model kV2De = V2(DSW_STR("jina-embeddings-v2-base-de"));
constexpr dsw_model kV2Es = V2(DSW_STR("jina-embeddings-v2-base-es"));
constexpr dsw_model kV2Zh = V2(DSW_STR("jina-embeddings-v2-base-zh"));
constexpr dsw_model kV2Code = V2(DSW_STR("jina-embeddings-v2-base-code"));
constexpr dsw_model kV3Model = Model(DSW_STR("jina-embeddings-v3"), 1024, 1, 8192, 0, 50'000);
constexpr dsw_model kV4 = Model(DSW_STR("jina-embeddings-v4"), 2048, 1, 32'768, 0, 0);
constexpr dsw_model kV5Small =
    Model(DSW_STR("jina-embeddings-v5-text-small"), 1024, 32, 32'768, 0, 0);
constexpr dsw_model kV5Nano = Model(DSW_STR("jina-embeddings-v5-text-nano"), 768, 32, 8192, 0, 0);
constexpr dsw_model kCodeSmall = Model(DSW_STR("jina-code-embeddings-0.5b"), 896, 1, 32'768, 0, 0);
constexpr dsw_model kCodeLarge = Model(DSW_STR("jina-code-embeddings-1.5b"), 1536, 1, 32'768, 0, 0);
constexpr dsw_model kClip1 = Model(DSW_STR("jina-clip-v1"), 768, 0, 8192, 0, 0);
constexpr dsw_model kClip2 = Model(DSW_STR("jina-clip-v2"), 1024, 0, 8192, 0, 0);
constexpr const dsw_model* kModels[] = {&kV2En,      &kV2De,  &kV2Es,    &kV2Zh,   &kV2Code,
                                        &kV3Model,   &kV4,    &kV5Small, &kV5Nano, &kCodeSmall,
                                        &kCodeLarge, &kClip1, &kClip2};

constexpr dsw_model_facts Facts() {
  dsw_model_facts facts{};
  facts.struct_size = sizeof facts;
  facts.max_batch = 512;
  // A free key's.
  facts.requests_per_minute = 500;
  facts.tokens_per_minute = 1'000'000;
  facts.max_concurrency = 5;
  return facts;
}

constexpr ProviderDefaults MakeDefaults() {
  ProviderDefaults defaults{};
  defaults.id = kId;
  defaults.base_url = "https://api.jina.ai/v1";
  defaults.endpoint = "/embeddings";
  defaults.key_variable = "JINA_API_KEY";
  defaults.models = kModels;
  defaults.model_count = sizeof kModels / sizeof kModels[0];
  defaults.facts = Facts();
  return defaults;
}

bool StartsWith(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

/// Models that are known not to have the field.
bool LacksNormalized(std::string_view model) {
  return StartsWith(model, "jina-embeddings-v4") || StartsWith(model, "jina-code-embeddings");
}

}  // namespace

const ProviderDefaults kDefaults = MakeDefaults();

const std::string_view kSchema =
    R"({"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",)"
    R"("additionalProperties": false, "required": ["model"], "properties": {)"  //
    DSW_COMMON_PROPERTIES R"(,"task": {"type": "string", "minLength": 1, "maxLength": 64,)"
    R"("x-dsw-vectors": true, "description": "What vectors are for: retrieval, text-matching, …, or none to send none."},)"
    R"("embedding_type": {"type": "string", "enum": ["base64", "float"], "default": "base64",)"
    R"("description": "How vectors are asked for."},)"
    R"("normalized": {"type": "boolean", "x-dsw-vectors": true,)"
    R"("description": "Whether vectors have length 1; some models have no choice."},)"
    R"("truncate": {"type": "boolean", "default": false, "x-dsw-vectors": true,)"
    R"("description": "Whether the service cuts texts that are too long, or refuses them."}}})";

Config ReadConfig(std::string_view json, std::string& warning) {
  Json root = ParseConfig(kId, kSchema, json);
  if (root["model"] == kShortName) {
    root["model"] = kDefaults.models[0]->id.ptr;
    warning = "jina: there is no model jina-embeddings-v2; jina-embeddings-v2-base-en is used";
  }
  Config config;
  static_cast<CommonConfig&>(config) = ReadCommonConfig(root, kDefaults);
  const Tasks tasks = TasksOf(config.model, root.value("task", ""));
  config.query_task = tasks.query;
  config.document_task = tasks.document;
  config.embedding_type = root.value("embedding_type", "base64");
  if (root.contains("truncate")) config.truncate = root["truncate"].dump();
  if (root.contains("normalized")) {
    if (LacksNormalized(config.model)) {
      throw Failure(DSW_E_INVALID_CONFIG,
                    "jina: /normalized: " + config.model + " has no such choice; remove it");
    }
    config.normalized = root["normalized"].dump();
  }
  return config;
}

}  // namespace dsw::jina
