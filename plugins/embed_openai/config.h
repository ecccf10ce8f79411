// SPDX-License-Identifier: Apache-2.0
//
// The settings of an instance, and what is known of OpenAI's models.
#pragma once

#include <string>
#include <string_view>

#include "plugins/embed_common/common_config.h"

namespace dsw::openai {

extern const ProviderDefaults kDefaults;
extern const std::string_view kSchema;  ///< JSON Schema of the settings.

/// Immutable after construction.
struct Config : CommonConfig {
  std::string encoding_format;  ///< "base64" or "float"; empty to send none.
  std::string user;             ///< Empty to send none.
  /// More members of the request's body, each with a comma before it; for servers that are not
  /// OpenAI's.
  std::string extra_body;
};

/// Throws a Failure with DSW_E_INVALID_CONFIG that names the JSON pointer.
Config ReadConfig(std::string_view json);

}  // namespace dsw::openai
