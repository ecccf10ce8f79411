// SPDX-License-Identifier: Apache-2.0
#include "plugins/sink_sqlite/distance.h"

#include <cmath>

#include <dsw/plugin.h>

namespace dsw::sqlite {
namespace {

/// Sum of term(i) for i below `count`, in several sums at a time: one alone would wait for each
/// addition before the next.
template <class Term>
double Sum(std::size_t count, Term term) {
  constexpr std::size_t kLanes = 8;
  double lanes[kLanes] = {};
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += term(i + lane);
  }
  for (; i < count; ++i) lanes[0] += term(i);
  double sum = 0;
  for (const double lane : lanes) sum += lane;
  return sum;
}

double Dot(const float* a, const float* b, std::size_t count) {
  return Sum(count,
             [=](std::size_t i) { return static_cast<double>(a[i]) * static_cast<double>(b[i]); });
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
    return std::sqrt(Sum(dimensions_, [this, vector](std::size_t i) {
      const double difference = static_cast<double>(query_[i]) - static_cast<double>(vector[i]);
      return difference * difference;
    }));
  }
  const double dot = Dot(query_, vector, dimensions_);
  if (!cosine_) return dot;
  const double norms = query_norm_ * std::sqrt(Dot(vector, vector, dimensions_));
  return norms == 0 ? 0 : dot / norms;
}

}  // namespace dsw::sqlite
