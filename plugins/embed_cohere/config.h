// SPDX-License-Identifier: Apache-2.0
//
// The settings of an instance, and the models that are known by name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <dsw/plugin.hpp>

#include "plugins/embed_common/common_config.h"

namespace dsw::cohere {

/// The largest number of texts per request, of all models.
inline constexpr std::uint32_t kMaxBatch = 96;
inline constexpr std::string_view kBaseUrl = "https://api.cohere.ai/v1";

ProviderDefaults Defaults();
/// JSON Schema of the settings.
extern const char kSchema[];
extern const dsw_model* const kModels[];
extern const std::size_t kModelCount;

/// Immutable after construction.
struct Config : CommonConfig {
  int api_version = 1;
  std::string input_type;                  ///< As set; empty for what the texts are for.
  std::string truncate;                    ///< NONE, START or END; empty for the service's default.
  bool base64 = false;                     ///< Vectors as base64, which version 2 has.
  std::optional<std::int64_t> max_tokens;  ///< Of a text, before it is cut; version 2.
  std::optional<std::int64_t> priority;    ///< Version 2.
};

/// Throws a Failure with DSW_E_INVALID_CONFIG that names the JSON pointer. Pure.
Config ReadConfig(std::string_view json);

}  // namespace dsw::cohere
