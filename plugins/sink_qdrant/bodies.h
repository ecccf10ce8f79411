// SPDX-License-Identifier: Apache-2.0
//
// Bodies of REST requests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <dsw/plugin.h>

#include "plugins/sink_qdrant/config.h"
#include "plugins/sink_qdrant/points.h"

namespace dsw::qdrant {

/// `[1,"…"]` of ids in JSON.
std::string IdList(const std::vector<std::string>& ids);

/// "Cosine", "Euclid" or "Dot" for a DSW_DISTANCE_*; empty for any other number.
std::string_view DistanceName(std::uint32_t distance);

std::string CreateBody(const Config& config, std::uint32_t dimensions, std::string_view distance);
/// Of a deletion: the points by their ids, in JSON; but for those of a larger fence, unless that is
/// 0.
std::string RemoveBody(const std::vector<std::string>& ids, std::int64_t fence);
std::string QueryBody(const float* vector, std::uint32_t dimensions, std::uint32_t limit);

/// {"points":[…]}, and {"update_filter":…} where there is a fence, with ids, vectors and payloads,
/// in pieces: payloads are the caller's own, lent in place; floats are the shortest text that reads
/// back as the same float32.
class UpsertBody {
 public:
  explicit UpsertBody(const PointRange& range);
  /// Valid as long as this and the points are.
  const std::vector<dsw_str>& pieces() const { return pieces_; }

 private:
  std::string text_;                   // All but the payloads.
  std::vector<std::string> payloads_;  // That are not the caller's own.
  std::vector<dsw_str> pieces_;
};

/// The longest text of a float32 and the comma behind it, as "-1.17549435e-38,".
constexpr std::size_t kLongestFloat = 16;

}  // namespace dsw::qdrant
