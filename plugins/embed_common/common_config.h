// SPDX-License-Identifier: Apache-2.0
//
// The settings that all HTTP providers have, resolved: address, headers, model, pace.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <dsw/plugin.h>

namespace dsw {

struct HeaderField {
  std::string name;
  std::string value;  ///< May hold "{{secret:NAME}}".
};

/// What a provider is without settings. Static data.
struct ProviderDefaults {
  std::string_view id;            ///< As in dsw_provider.id, for messages.
  std::string_view base_url;      ///< The vendor's own; empty when there is none to assume.
  std::string_view endpoint;      ///< "/embeddings".
  std::string_view key_variable;  ///< "OPENAI_API_KEY", for messages.
  const dsw_model* const* models;
  std::size_t model_count;
  /// Of models that the table does not know: batch, bytes per token, and the pace, which is that of
  /// the vendor's own hosts alone. Its dimensions are 0.
  dsw_model_facts facts;
  std::string_view other_url = {};       ///< Another host of the vendor's; may be empty.
  const std::uint32_t* sizes = nullptr;  ///< Dimensions that models of no fixed size can have …
  std::size_t size_count = 0;            ///< … none: from a model's smallest to its own.
};

/// Immutable after construction.
struct CommonConfig {
  std::string model;
  std::string base_url;              ///< As it was set, or the default.
  std::string url;                   ///< Where embedding requests go.
  std::vector<HeaderField> headers;  ///< All: Content-Type, Accept, Authorization, the user's.
  std::uint32_t dimensions = 0;      ///< As set; 0 for the model's own.
  const dsw_model* known = nullptr;  ///< The table's row of the model.
  dsw_model_facts facts{};           ///< Defaults, then the model's row, then the settings.
};

/// Reads the keys of DSW_COMMON_PROPERTIES from `config`, which ParseConfig() has passed.
/// Throws a Failure with DSW_E_INVALID_CONFIG: no model, no base_url where it is needed, no key for
/// the vendor's own host, a header that the provider or the host sets itself or that is not one,
/// dimensions that the known model does not have. Pure.
CommonConfig ReadCommonConfig(const nlohmann::json& config, const ProviderDefaults& defaults);

/// Adds a header of the provider's own. Throws a Failure with DSW_E_INVALID_CONFIG, naming
/// `pointer`, for a value that no header can have, and when the user's "headers" have it too.
void AddHeader(CommonConfig& config, std::string_view provider, std::string_view pointer,
               std::string_view name, std::string_view value);

/// Floats per vector to ask for: the call's wish, or the settings', 0 for the model's own size,
/// also when the wish is just that.
std::uint32_t WantedDimensions(const CommonConfig& config, const dsw_embed_request& request);

/// Floats that each vector of the call must have; 0 when only the answer can tell.
std::uint32_t ExpectedDimensions(const CommonConfig& config, const dsw_embed_request& request);

/// Writes as far as the caller's struct reaches.
void PutFacts(const dsw_model_facts& facts, dsw_model_facts& out);

}  // namespace dsw
