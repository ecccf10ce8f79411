// SPDX-License-Identifier: Apache-2.0
#include "plugins/sink_sqlite/distance.h"

#include <cmath>

#include <dsw/plugin.h>

namespace dsw::sqlite {
namespace {

double Dot(const float* a, const float* b, std::size_t count) {
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  }
  return sum;
}

}  // namespace

std::string DistanceName(std::uint32_t distance) {
  switch (distance) {
    case DSW_DISTANCE_COSINE:
      return "Cosine";
    case DSW_DISTANCE_EUCLID:
      return "Euclid";
    case DSW_DISTANCE_DOT:
      return "Dot";
    default:
      return {};
  }
}

std::uint32_t DistanceOf(const std::string& name) {
  for (const std::uint32_t distance :
       {DSW_DISTANCE_COSINE, DSW_DISTANCE_EUCLID, DSW_DISTANCE_DOT}) {
    if (name == DistanceName(distance)) return distance;
  }
  return 0;
}

Scorer::Scorer(std::uint32_t distance, const float* query, std::size_t dimensions)
    : euclid_(distance == DSW_DISTANCE_EUCLID),
      cosine_(distance == DSW_DISTANCE_COSINE),
      query_(query),
      dimensions_(dimensions),
      query_norm_(std::sqrt(Dot(query, query, dimensions))) {}

double Scorer::Score(const float* vector) const {
  if (euclid_) {
    double sum = 0;
    for (std::size_t i = 0; i < dimensions_; ++i) {
      const double difference = static_cast<double>(query_[i]) - static_cast<double>(vector[i]);
      sum += difference * difference;
    }
    return std::sqrt(sum);
  }
  const double dot = Dot(query_, vector, dimensions_);
  if (!cosine_) return dot;
  const double norms = query_norm_ * std::sqrt(Dot(vector, vector, dimensions_));
  return norms == 0 ? 0 : dot / norms;
}

}  // namespace dsw::sqlite
