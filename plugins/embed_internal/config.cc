// SPDX-License-Identifier: Apache-2.0
#include "plugins/embed_internal/config.h"

#include <nlohmann/json.hpp>

#include "plugins/embed_common/common_schema.h"
#include "plugins/embed_common/config_schema.h"
#include "plugins/embed_common/model_table.h"

namespace dsw::self_hosted {

const char kSchema[] =
    R"({"type": "object", "additionalProperties": false, "required": ["model"],)"
    R"( "properties": {)"  //
    DSW_COMMON_PROPERTIES R"(,)"
    R"("dialect": {"type": "string",)"
    R"( "enum": ["auto", "fastembed", "embed", "tei", "openai", "ollama"],)"
    R"( "description": "The API that the server speaks; auto asks the server."},)"
    R"("truncate": {"type": "boolean", "x-dsw-vectors": true,)"
    R"( "description": "tei (true without it), ollama: whether texts that are too long are cut."},)"
    R"("truncation_direction": {"type": "string", "enum": ["Left", "Right"],)"
    R"( "x-dsw-vectors": true,)"
    R"( "description": "tei: where they are cut."},)"
    R"("prompt_name": {"type": "string", "minLength": 1, "maxLength": 256,)"
    R"( "x-dsw-vectors": true,)"
    R"( "description": "tei: the model's prompt to put before texts."},)"
    R"("normalize": {"type": "boolean", "x-dsw-vectors": true,)"
    R"( "description": "tei: whether vectors get length 1."},)"
    R"("keep_alive": {"type": "string", "minLength": 1, "maxLength": 64,)"
    R"( "description": "ollama: how long the model stays loaded, as 10m."},)"
    R"("options": {"type": "object", "x-dsw-vectors": true,)"
    R"( "description": "ollama: options of the model, as num_ctx."},)"
    R"("encoding_format": {"type": "string", "enum": ["float", "base64"],)"
    R"( "description": "openai: how vectors are sent; without it base64 from vLLM, else float."})"
    R"(}})";

namespace {

constexpr dsw_model Known(dsw_str id, std::uint32_t dimensions, std::uint32_t max_tokens,
                          std::uint32_t min_dimensions = 0) {
  return Model(id, dimensions, min_dimensions, max_tokens, 0, 0);
}

// Names as FastEmbed for Python has them; sizes from the models' configurations.
constexpr dsw_model kBgeSmall = Known(DSW_STR("BAAI/bge-small-en-v1.5"), 384, 512);
constexpr dsw_model kBgeBase = Known(DSW_STR("BAAI/bge-base-en-v1.5"), 768, 512);
constexpr dsw_model kBgeLarge = Known(DSW_STR("BAAI/bge-large-en-v1.5"), 1024, 512);
constexpr dsw_model kMiniLm = Known(DSW_STR("sentence-transformers/all-MiniLM-L6-v2"), 384, 256);
constexpr dsw_model kMxbai = Known(DSW_STR("mixedbread-ai/mxbai-embed-large-v1"), 1024, 512, 1);
constexpr dsw_model kArcticXs = Known(DSW_STR("snowflake/snowflake-arctic-embed-xs"), 384, 512);
constexpr dsw_model kArcticS = Known(DSW_STR("snowflake/snowflake-arctic-embed-s"), 384, 512);
constexpr dsw_model kArcticM = Known(DSW_STR("snowflake/snowflake-arctic-embed-m"), 768, 512);
constexpr dsw_model kArcticMLong =
    Known(DSW_STR("snowflake/snowflake-arctic-embed-m-long"), 768, 2048);
constexpr dsw_model kArcticL = Known(DSW_STR("snowflake/snowflake-arctic-embed-l"), 1024, 512);
constexpr dsw_model kJinaSmall = Known(DSW_STR("jinaai/jina-embeddings-v2-small-en"), 512, 8192);
constexpr dsw_model kJinaBase = Known(DSW_STR("jinaai/jina-embeddings-v2-base-en"), 768, 8192);
constexpr dsw_model kJinaDe = Known(DSW_STR("jinaai/jina-embeddings-v2-base-de"), 768, 8192);
constexpr dsw_model kJinaEs = Known(DSW_STR("jinaai/jina-embeddings-v2-base-es"), 768, 8192);
constexpr dsw_model kJinaZh = Known(DSW_STR("jinaai/jina-embeddings-v2-base-zh"), 768, 8192);
constexpr dsw_model kJinaCode = Known(DSW_STR("jinaai/jina-embeddings-v2-base-code"), 768, 8192);
constexpr dsw_model kGteBase = Known(DSW_STR("thenlper/gte-base"), 768, 512);
constexpr dsw_model kGteLarge = Known(DSW_STR("thenlper/gte-large"), 1024, 512);
constexpr dsw_model kNomic1 = Known(DSW_STR("nomic-ai/nomic-embed-text-v1"), 768, 8192);
constexpr dsw_model kNomic15 = Known(DSW_STR("nomic-ai/nomic-embed-text-v1.5"), 768, 8192, 1);
constexpr dsw_model kNomic15Q = Known(DSW_STR("nomic-ai/nomic-embed-text-v1.5-Q"), 768, 8192, 1);
constexpr dsw_model kE5 = Known(DSW_STR("intfloat/multilingual-e5-large"), 1024, 512);
constexpr dsw_model kParaphraseMiniLm =
    Known(DSW_STR("sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2"), 384, 512);
constexpr dsw_model kParaphraseMpnet =
    Known(DSW_STR("sentence-transformers/paraphrase-multilingual-mpnet-base-v2"), 768, 384);
constexpr dsw_model kQwen3 = Known(DSW_STR("Qwen/Qwen3-Embedding-0.6B"), 1024, 32'768, 1);
constexpr dsw_model kGemma = Known(DSW_STR("google/embeddinggemma-300m"), 768, 2048, 1);

}  // namespace

const dsw_model* const kModels[] = {
    &kBgeSmall,  &kBgeBase,  &kBgeLarge,         &kMiniLm,          &kMxbai,
    &kArcticXs,  &kArcticS,  &kArcticM,          &kArcticMLong,     &kArcticL,
    &kJinaSmall, &kJinaBase, &kJinaDe,           &kJinaEs,          &kJinaZh,
    &kJinaCode,  &kGteBase,  &kGteLarge,         &kNomic1,          &kNomic15,
    &kNomic15Q,  &kE5,       &kParaphraseMiniLm, &kParaphraseMpnet, &kQwen3,
    &kGemma,
};
const std::size_t kModelCount = sizeof kModels / sizeof kModels[0];

Config ReadConfig(std::string_view json) {
  nlohmann::json root = ParseConfig(kId, kSchema, json);
  if (!root.contains("base_url")) root["base_url"] = kBaseUrl;
  // Without a base URL of a vendor, as that one needs a key and servers of one's own do not.
  ProviderDefaults defaults{};
  defaults.id = kId;
  defaults.models = kModels;
  defaults.model_count = kModelCount;
  defaults.facts.struct_size = sizeof defaults.facts;
  Config config;
  static_cast<CommonConfig&>(config) = ReadCommonConfig(root, defaults);
  config.address = ReadAddress(config.url);
  config.dialect = DialectNamed(root.value("dialect", ""));
  config.dialect_set = config.dialect.has_value();
  if (!config.dialect_set) config.dialect = config.address.dialect;
  config.max_tokens_set = root.contains("max_input_tokens");
  config.max_concurrency_set = root.contains("max_concurrency");
  if (root.contains("truncate")) config.truncate = root["truncate"].get<bool>();
  config.truncation_direction = root.value("truncation_direction", "");
  config.prompt_name = root.value("prompt_name", "");
  if (root.contains("normalize")) config.normalize = root["normalize"].get<bool>();
  config.keep_alive = root.value("keep_alive", "");
  if (root.contains("options")) config.options_json = root["options"].dump();
  config.encoding_format = root.value("encoding_format", "");
  return config;
}

}  // namespace dsw::self_hosted
