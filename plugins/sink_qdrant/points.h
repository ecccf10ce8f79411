// SPDX-License-Identifier: Apache-2.0
//
// Points of a call, and the parts that they are sent in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include <dsw/plugin.hpp>

#include "plugins/sink_qdrant/names.h"

namespace dsw::qdrant {

/// Of stored points, the number that is compared with a fence; as a path in their payloads.
constexpr std::string_view kFencePath = DSW_STAMP_KEY ".t";

/// Points [first, first + count) of a call; i counts from `first`.
struct PointRange {
  const dsw_points* points = nullptr;
  const PointId* ids = nullptr;  ///< Of all points of the call.
  std::size_t first = 0;
  std::size_t count = 0;
  std::int64_t fence = 0;  ///< Stored points of a larger one stay; 0: none does.

  const PointId& Id(std::size_t i) const { return ids[first + i]; }
  std::string_view GivenId(std::size_t i) const { return View(points->ids[first + i]); }
  std::string_view Payload(std::size_t i) const { return View(points->payloads[first + i]); }
  const float* Row(std::size_t i) const {
    return reinterpret_cast<const float*>(reinterpret_cast<const char*>(points->vectors) +
                                          (first + i) * points->row_stride_bytes);
  }

  /// The first points of the range: as many as fit into `bytes` when a float takes `float_bytes`,
  /// but one at least.
  PointRange Front(std::size_t bytes, std::size_t float_bytes) const {
    constexpr std::size_t kAround = 128;  // An id, names, lengths.
    PointRange front = *this;
    std::size_t used = 0;
    for (front.count = 0; front.count < count; ++front.count) {
      used += points->dimensions * float_bytes + Payload(front.count).size() + kAround;
      if (used > bytes && front.count > 0) break;
    }
    return front;
  }
  PointRange After(const PointRange& front) const {
    return {points, ids, first + front.count, count - front.count, fence};
  }
};

}  // namespace dsw::qdrant
