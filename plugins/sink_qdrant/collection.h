// SPDX-License-Identifier: Apache-2.0
//
// Makes collections, and checks those that are there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include <dsw/plugin.h>

#include "plugins/sink_qdrant/config.h"
#include "plugins/sink_qdrant/rest_client.h"

namespace dsw::qdrant {

struct Collection {
  std::uint32_t flags = 0;             ///< DSW_COLLECTION_CREATED, DSW_COLLECTION_EMPTY.
  std::string maker;                   ///< What StoreMaker stored last.
  nlohmann::ordered_json description;  ///< "result" of GET /collections/NAME; null: not there yet.
};

/// Creates the collection and its payload indexes, or checks the existing one and creates the
/// indexes that it lacks; with DSW_COLLECTION_MUST_EXIST nothing is created. Throws a dsw::Failure:
/// DSW_E_CONFLICT, with both shapes, for another size or distance, and for named vectors;
/// DSW_E_NOT_FOUND.
Collection EnsureCollection(const dsw_host& host, const dsw_call& call, const RestClient& rest,
                            const Config& config, const dsw_collection_spec& spec);

/// Keeps `maker` in the collection's metadata. Without effect on servers before 1.16, and where the
/// server does not let this key do it, which is logged.
void StoreMaker(const dsw_host& host, const dsw_call& call, const RestClient& rest,
                std::string_view collection, std::string_view maker);

/// All that searches see, of the collection at `path`.
std::uint64_t CountPoints(const dsw_call& call, const RestClient& rest, const std::string& path);

/// Compares `description`, the "result" of GET /collections/NAME, with what is wanted. Pure. Throws
/// as EnsureCollection does.
void CheckShape(std::string_view name, const nlohmann::ordered_json& description,
                std::uint32_t dimensions, std::string_view distance);

}  // namespace dsw::qdrant
