// SPDX-License-Identifier: Apache-2.0
//
// Changes to a dataset such as its owners make, at random.
#pragma once

#include <cstdint>
#include <string>

#include "tests/fault/fault_world.h"
#include "tests/fault/rounds.h"

namespace dsw::fault_test {

/// Edits one transform's dataset.
class RandomEdits {
 public:
  /// Items that it makes have at most `most_chunks` chunks.
  RandomEdits(FaultWorld& world, std::int64_t transform, int most_chunks, Dice& dice);

  /// One change: a chunk's text, an item's number of chunks or title, an item more or less, a chunk
  /// without text.
  void Edit();
  int made() const { return made_; }

 private:
  std::string NewText();

  FaultWorld& world_;
  const std::string dataset_;
  const int most_chunks_;
  Dice& dice_;
  int made_ = 0;
};

}  // namespace dsw::fault_test
