// SPDX-License-Identifier: Apache-2.0
//
// The settings of an instance, and the models that are known by name.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <dsw/plugin.hpp>

#include "plugins/embed_common/common_config.h"
#include "plugins/embed_internal/dialect.h"

namespace dsw::self_hosted {

inline constexpr std::string_view kId = "internal";
inline constexpr std::string_view kBaseUrl = "http://embedding-inference-api:8090";

/// JSON Schema of the settings.
extern const char kSchema[];
extern const dsw_model* const kModels[];
extern const std::size_t kModelCount;

/// Immutable after construction.
struct Config : CommonConfig {
  Address address;
  std::optional<Dialect> dialect;    ///< As set, or as the address tells; otherwise asked for.
  bool dialect_set = false;          ///< By the settings.
  bool max_tokens_set = false;       ///< By the settings.
  bool max_concurrency_set = false;  ///< By the settings.
  std::optional<bool> truncate;
  std::string truncation_direction;  ///< Left or Right; empty for the server's.
  std::string prompt_name;           ///< Empty for none.
  std::optional<bool> normalize;
  std::string keep_alive;       ///< Empty for the server's.
  std::string options_json;     ///< A JSON object; empty for none.
  std::string encoding_format;  ///< float or base64; empty for what the server is known to do.
};

/// Throws a Failure with DSW_E_INVALID_CONFIG that names the JSON pointer. Pure.
Config ReadConfig(std::string_view json);

}  // namespace dsw::self_hosted
