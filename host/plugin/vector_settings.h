// SPDX-License-Identifier: Apache-2.0
//
// Which settings of a provider decide what its vectors are, as its schema says.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dsw {

/// Names of the properties of a JSON Schema that are marked with "x-dsw-vectors": true; nothing
/// without a schema that can be read.
std::optional<std::vector<std::string>> VectorSettings(std::string_view schema);

}  // namespace dsw
