// SPDX-License-Identifier: Apache-2.0
//
// Settings held against the JSON Schema that a provider publishes, so that the two cannot differ.
// Known keywords: type (one or a list), enum, minimum, maximum, minLength, maxLength, properties,
// additionalProperties, required, items, minItems, maxItems; description, title, default and
// $schema are not looked at. Any other keyword is a mistake of the plugin, DSW_E_INTERNAL.
#pragma once

#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace dsw {

/// The settings as JSON. Throws a Failure with DSW_E_INVALID_CONFIG that names `provider`, the JSON
/// pointer, what is there (its kind; numbers and names as they are, never another text, which might
/// be a secret) and what is allowed. Pure.
nlohmann::json ParseConfig(std::string_view provider, std::string_view schema,
                           std::string_view config_json);

}  // namespace dsw
