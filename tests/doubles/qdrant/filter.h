// SPDX-License-Identifier: Apache-2.0
//
// Conditions on payloads.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace dsw::doubles {

/// Throws a Refusal for what is no filter, and for conditions other than a range and "has_id".
void CheckFilter(const nlohmann::json& filter);
/// `id` in JSON.
bool Matches(const nlohmann::json& filter, const std::string& id, const nlohmann::json& payload);
/// The paths that it looks at, as "_dsw.t".
std::vector<std::string> KeysOf(const nlohmann::json& filter);

/// What stands at a path, as "a.b"; null when nothing does.
nlohmann::json ValueAt(const nlohmann::json& payload, const std::string& path);

}  // namespace dsw::doubles
