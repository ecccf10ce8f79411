// SPDX-License-Identifier: Apache-2.0
//
// Points as the worker hands them over.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "plugins/sink_qdrant/points.h"

namespace dsw::qdrant {

class MadePoints {
 public:
  MadePoints(std::vector<std::string> ids, std::vector<std::vector<float>> rows,
             std::vector<std::string> payloads)
      : ids_(std::move(ids)), payloads_(std::move(payloads)) {
    for (const auto& row : rows) {
      floats_.insert(floats_.end(), row.begin(), row.end());
      // A gap, as in a matrix whose rows are padded.
      floats_.push_back(-1);
    }
    for (const std::string& id : ids_) {
      id_views_.push_back(Str(id));
      made_ids_.push_back(MakePointId(id));
    }
    for (const std::string& payload : payloads_) payload_views_.push_back(Str(payload));
    const std::size_t dimensions = rows.at(0).size();
    points_.struct_size = sizeof points_;
    points_.dimensions = static_cast<std::uint32_t>(dimensions);
    points_.count = ids_.size();
    points_.ids = id_views_.data();
    points_.vectors = floats_.data();
    points_.row_stride_bytes = (dimensions + 1) * sizeof(float);
    points_.payloads = payload_views_.data();
  }
  MadePoints(const MadePoints&) = delete;
  MadePoints& operator=(const MadePoints&) = delete;

  const dsw_points& points() const { return points_; }
  PointRange range() const { return {&points_, made_ids_.data(), 0, points_.count}; }

 private:
  std::vector<std::string> ids_;
  std::vector<std::string> payloads_;
  std::vector<float> floats_;
  std::vector<dsw_str> id_views_;
  std::vector<dsw_str> payload_views_;
  std::vector<PointId> made_ids_;
  dsw_points points_{};
};

inline std::string Joined(const std::vector<dsw_str>& pieces) {
  std::string text;
  for (const dsw_str& piece : pieces) text += View(piece);
  return text;
}

}  // namespace dsw::qdrant
