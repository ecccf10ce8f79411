// SPDX-License-Identifier: Apache-2.0
//
// How near two vectors are, by the three measures that a collection can have.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace dsw::sqlite {

/// "Cosine", "Euclid" or "Dot", for DSW_DISTANCE_*; empty for any other value.
std::string DistanceName(std::uint32_t distance);
/// The reverse; 0 for any other text.
std::uint32_t DistanceOf(const std::string& name);

/// Compares vectors with one query. Immutable after construction.
class Scorer {
 public:
  /// Borrows the query, `dimensions` floats.
  Scorer(std::uint32_t distance, const float* query, std::size_t dimensions);

  /// Similarity for Cosine and Dot, distance for Euclid. A vector of length 0 has cosine 0 with
  /// every other.
  double Score(const float* vector) const;
  /// True when score `a` is nearer to the query than score `b`.
  bool Nearer(double a, double b) const { return euclid_ ? a < b : a > b; }

 private:
  const bool euclid_;
  const bool cosine_;
  const float* const query_;
  const std::size_t dimensions_;
  double query_norm_ = 0;
};

}  // namespace dsw::sqlite
