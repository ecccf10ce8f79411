// SPDX-License-Identifier: Apache-2.0
//
// Secrets in text that a plugin wrote without knowing them.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "host/base/result.h"
#include "host/base/secret.h"

namespace dsw {

/// What stands for the secret `name` in a configuration and in header values.
std::string SecretPlaceholder(std::string_view name);

/// `text` with every "{{secret:NAME}}" replaced by that secret. kInvalid for a name that is not
/// among them.
Result<std::string> ExpandSecrets(std::string_view text,
                                  const std::map<std::string, Secret, std::less<>>& secrets);

}  // namespace dsw
