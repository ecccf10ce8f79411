// SPDX-License-Identifier: Apache-2.0
#include "plugins/embed_voyage/config.h"

#include <nlohmann/json.hpp>

#include <dsw/plugin.hpp>

#include "plugins/embed_common/common_schema.h"
#include "plugins/embed_common/config_schema.h"
#include "plugins/embed_common/model_table.h"

namespace dsw::voyage {
namespace {

using Json = nlohmann::json;

constexpr char kId[] = "voyage";

// Source of sizes, limits and prices: Voyage's documentation, 2026; prices of the older models are
// third parties'.
constexpr dsw_model k4Large = Model(DSW_STR("voyage-4-large"), 1024, 256, 32'000, 120'000, 120'000);
constexpr dsw_model k4 = Model(DSW_STR("voyage-4"), 1024, 256, 32'000, 320'000, 60'000);
constexpr dsw_model k4Lite = Model(DSW_STR("voyage-4-lite"), 1024, 256, 32'000, 1'000'000, 20'000);
constexpr dsw_model k3Large = Model(DSW_STR("voyage-3-large"), 1024, 256, 32'000, 120'000, 180'000);
constexpr dsw_model kCode3 = Model(DSW_STR("voyage-code-3"), 1024, 256, 32'000, 120'000, 180'000);
constexpr dsw_model k35 = Model(DSW_STR("voyage-3.5"), 1024, 256, 32'000, 320'000, 60'000);
constexpr dsw_model k35Lite =
    Model(DSW_STR("voyage-3.5-lite"), 1024, 256, 32'000, 1'000'000, 20'000);
constexpr dsw_model k3Lite = Model(DSW_STR("voyage-3-lite"), 512, 0, 32'000, 1'000'000, 20'000);
constexpr dsw_model kFinance =
    Model(DSW_STR("voyage-finance-2"), 1024, 0, 32'000, 120'000, 120'000);
constexpr dsw_model kLaw = Model(DSW_STR("voyage-law-2"), 1024, 0, 16'000, 120'000, 120'000);
constexpr dsw_model kCode2 = Model(DSW_STR("voyage-code-2"), 1536, 0, 16'000, 120'000, 120'000);
constexpr dsw_model k2 = Model(DSW_STR("voyage-2"), 1024, 0, 4'000, 320'000, 100'000);
constexpr const dsw_model* kModels[] = {&k4Large, &k4,     &k4Lite,   &k3Large, &kCode3, &k35,
                                        &k35Lite, &k3Lite, &kFinance, &kLaw,    &kCode2, &k2};

constexpr std::uint32_t kSizes[] = {256, 512, 1024, 2048};

constexpr dsw_model_facts Facts() {
  dsw_model_facts facts{};
  facts.struct_size = sizeof facts;
  facts.max_batch = 1000;
  facts.max_request_tokens = 120'000;
  // Voyage's tokens are shorter than others': up to four times as many on code and other scripts.
  facts.bytes_per_token = 2;
  facts.requests_per_minute = 2'000;
  facts.tokens_per_minute = 3'000'000;
  return facts;
}

constexpr ProviderDefaults MakeDefaults() {
  ProviderDefaults defaults{};
  defaults.id = kId;
  defaults.base_url = "https://api.voyageai.com/v1";
  defaults.endpoint = "/embeddings";
  defaults.key_variable = "VOYAGE_API_KEY";
  defaults.models = kModels;
  defaults.model_count = sizeof kModels / sizeof kModels[0];
  defaults.facts = Facts();
  defaults.other_url = "https://ai.mongodb.com/v1";
  defaults.sizes = kSizes;
  defaults.size_count = sizeof kSizes / sizeof kSizes[0];
  return defaults;
}

/// The lowest paid tier's; 3 million but for these.
std::uint64_t TokensPerMinute(const dsw_model* model) {
  if (model == &k4 || model == &k35) return 8'000'000;
  if (model == &k4Lite || model == &k35Lite) return 16'000'000;
  return kDefaults.facts.tokens_per_minute;
}

}  // namespace

const ProviderDefaults kDefaults = MakeDefaults();

const std::string_view kSchema =
    R"({"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",)"
    R"("additionalProperties": false, "required": ["model"], "properties": {)"  //
    DSW_COMMON_PROPERTIES
    R"(,"input_type": {"type": "string", "enum": ["query", "document", "none"],)"
    R"("x-dsw-vectors": true, "description": "What all texts are; without it, what the worker says of them."},)"
    R"("truncation": {"type": "boolean", "default": true, "x-dsw-vectors": true,)"
    R"("description": "Whether the service cuts texts that are too long, or refuses them."},)"
    R"("output_dtype": {"type": "string", "enum": ["float", "int8", "uint8"],)"
    R"("default": "float", "x-dsw-vectors": true, "description": "Numbers of the vectors."},)"
    R"("encoding_format": {"type": "string", "enum": ["base64", "none"], "default": "base64",)"
    R"("description": "How vectors are asked for; none sends no such field."}}})";

Config ReadConfig(std::string_view json) {
  const Json root = ParseConfig(kId, kSchema, json);
  Config config;
  static_cast<CommonConfig&>(config) = ReadCommonConfig(root, kDefaults);
  config.input_type = root.value("input_type", "");
  if (root.contains("truncation")) config.truncation = root["truncation"].dump();
  config.output_dtype = root.value("output_dtype", "");
  // Of whole numbers, base64 would be bytes and not floats.
  const bool floats = config.output_dtype.empty() || config.output_dtype == "float";
  config.base64 = floats && root.value("encoding_format", "base64") == "base64";
  if (config.facts.tokens_per_minute != 0 && !root.contains("tokens_per_minute")) {
    config.facts.tokens_per_minute = TokensPerMinute(config.known);
  }
  return config;
}

}  // namespace dsw::voyage
