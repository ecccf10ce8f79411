// SPDX-License-Identifier: Apache-2.0
//
// Makes collections, and checks those that are there.
#pragma once

#include <cstdint>
#include <string_view>

#include <nlohmann/json.hpp>

#include <dsw/plugin.h>

#include "plugins/sink_qdrant/config.h"
#include "plugins/sink_qdrant/rest_client.h"

namespace dsw::qdrant {

/// Creates the collection and its payload indexes, or checks the existing one and creates the
/// indexes that it lacks; with DSW_COLLECTION_MUST_EXIST nothing is created. Throws a dsw::Failure:
/// DSW_E_CONFLICT, with both shapes, for another size or distance, and for named vectors;
/// DSW_E_NOT_FOUND.
void EnsureCollection(const dsw_host& host, const dsw_call& call, const RestClient& rest,
                      const Config& config, const dsw_collection_spec& spec);

/// Compares `description`, the "result" of GET /collections/NAME, with what is wanted. Pure. Throws
/// as EnsureCollection does.
void CheckShape(std::string_view name, const nlohmann::ordered_json& description,
                std::uint32_t dimensions, std::string_view distance);

}  // namespace dsw::qdrant
