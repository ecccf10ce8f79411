// SPDX-License-Identifier: Apache-2.0
//
// Lists the points of a collection.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include <dsw/plugin.hpp>

#include "plugins/sink_qdrant/rest_client.h"

namespace dsw::qdrant {

/// Thread-safe.
class Scanner {
 public:
  /// `rest` outlives it.
  explicit Scanner(const RestClient& rest) : rest_(rest) {}

  /// As dsw_sink_scan.scan: numbers come before UUIDs. Throws DSW_E_UNAVAILABLE at the beginning of
  /// a walk while the collection hides points, which cannot be listed.
  void Scan(const dsw_call& call, std::string_view collection, std::string_view after,
            std::uint32_t limit, const dsw_scan_out& out);

 private:
  nlohmann::ordered_json Scroll(const dsw_call& call, const std::string& path,
                                const std::string& offset, std::uint32_t limit);

  const RestClient& rest_;
  std::atomic<std::uint32_t> most_points_{UINT32_MAX};  ///< Per request, as far as was learned.
};

/// A point's id as text, of its JSON. Throws DSW_E_BAD_RESPONSE for what is none.
std::string IdText(const nlohmann::ordered_json& id);

}  // namespace dsw::qdrant
