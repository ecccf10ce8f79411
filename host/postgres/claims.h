// SPDX-License-Identifier: Apache-2.0
//
// Leases: one runner at a time for every item of a target, over the whole fleet. Nothing of it
// depends on the session, so that a transaction pooler may stand between; time is the database's.
#pragma once

#include "host/domain/plan.h"
#include "host/domain/target_state.h"
#include "host/postgres/claimed_target.h"
#include "host/postgres/database.h"

namespace dsw {

/// What DatasetStore::Claim() found.
struct ClaimResult {
  ClaimedTarget target;
  bool over = false;
  JobEnd job{};
  bool suspected = false;
};

/// As DatasetStore::Claim().
Result<ClaimResult> TakeClaim(Database& database, const Plan& plan, const Target& target,
                              const Claimant& claimant);

/// As the methods of TargetClaim.
Status RenewClaim(Database& database, const ClaimedTarget& target, std::chrono::milliseconds lease);
Status ReleaseClaim(Database& database, const ClaimedTarget& target);
Status IsolateClaim(Database& database, const ClaimedTarget& target);
Status TrustClaim(Database& database, const ClaimedTarget& target);

}  // namespace dsw
