// SPDX-License-Identifier: Apache-2.0
//
// Expected points by id, small enough for a million of them in memory.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/domain/expected_chunk.h"

namespace dsw {

/// A UUID as a number; its order is that of the text.
struct PointKey {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  /// Nothing for a text that is not a UUID in its canonical form.
  static std::optional<PointKey> Parse(std::string_view id);
  std::string ToString() const;
  /// Its kind of UUID; that of PointId() is 5.
  int version() const { return static_cast<int>(high >> 12 & 0xf); }

  friend auto operator<=>(const PointKey&, const PointKey&) = default;
};

struct ExpectedPoint {
  PointKey key;
  ExpectedChunk chunk;
  bool found = false;
};

/// Belongs to one thread at a time.
class ExpectedIndex {
 public:
  void Clear() { points_.clear(); }
  void Add(const PointKey& key, const ExpectedChunk& chunk) { points_.push_back({key, chunk}); }
  /// To be called after the last Add() and before the first Find().
  void Sort();
  /// Null when there is none.
  ExpectedPoint* Find(const PointKey& key);
  const std::vector<ExpectedPoint>& points() const { return points_; }

 private:
  std::vector<ExpectedPoint> points_;
};

}  // namespace dsw
