// SPDX-License-Identifier: Apache-2.0
//
// What there is to do for a claimed target, found without reading a text, and in one transaction
// with what it makes void.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "host/domain/target_state.h"
#include "host/postgres/claimed_target.h"
#include "host/postgres/database.h"

namespace dsw {

/// What is written down about a target's vectors.
struct TargetRecord {
  std::int64_t generation = 0;
  std::string maker;           ///< Empty while nothing was ever embedded.
  std::string previous_maker;  ///< Of what is still in the collection; empty for none.
  bool recorded = false;       ///< The generation has chunks that were embedded.
  std::optional<std::int64_t> run_generation;  ///< Once this run began.
};

/// Whether the records hold. Pure.
struct Validity {
  std::int64_t generation = 0;
  std::string previous_maker;
  std::string start_over;  ///< Why they do not; empty when they do.
};
Validity CheckRecords(const TargetRecord& record, const Surroundings& surroundings, Mode mode,
                      bool whole);

/// As TargetClaim::Look().
Result<Survey> LookAtTarget(Database& database, const ClaimedTarget& target,
                            const Surroundings& surroundings);

}  // namespace dsw
