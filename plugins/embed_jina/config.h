// SPDX-License-Identifier: Apache-2.0
//
// The settings of an instance, and what is known of Jina's models.
#pragma once

#include <string>
#include <string_view>

#include "plugins/embed_common/common_config.h"

namespace dsw::jina {

extern const ProviderDefaults kDefaults;
extern const std::string_view kSchema;  ///< JSON Schema of the settings.

/// Immutable after construction.
struct Config : CommonConfig {
  std::string query_task;      ///< Sent with questions; empty to send none.
  std::string document_task;   ///< Sent with all else; empty to send none.
  std::string embedding_type;  ///< "base64" or "float".
  std::string normalized;      ///< "true" or "false"; empty to leave it to the service.
  std::string truncate;        ///< "true" or "false"; empty to leave it to the service.
};

/// Jina refuses fields that a model does not have: settings of such fields are mistakes here.
/// "jina-embeddings-v2", which is no model's name, stands for jina-embeddings-v2-base-en; `warning`
/// says so then. Throws a Failure with DSW_E_INVALID_CONFIG that names the JSON pointer.
Config ReadConfig(std::string_view json, std::string& warning);

}  // namespace dsw::jina
