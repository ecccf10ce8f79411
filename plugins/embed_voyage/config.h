// SPDX-License-Identifier: Apache-2.0
//
// The settings of an instance, and what is known of Voyage's models.
#pragma once

#include <string>
#include <string_view>

#include "plugins/embed_common/common_config.h"

namespace dsw::voyage {

extern const ProviderDefaults kDefaults;
extern const std::string_view kSchema;  ///< JSON Schema of the settings.

/// Immutable after construction.
struct Config : CommonConfig {
  std::string input_type;    ///< "query", "document", "none"; empty to go by the call.
  std::string truncation;    ///< "true" or "false"; empty to leave it to the service.
  std::string output_dtype;  ///< Empty for the service's own, float.
  bool base64 = true;        ///< Whether to ask for it.
};

/// Throws a Failure with DSW_E_INVALID_CONFIG that names the JSON pointer.
Config ReadConfig(std::string_view json);

}  // namespace dsw::voyage
