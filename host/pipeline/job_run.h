// SPDX-License-Identifier: Apache-2.0
//
// What a run of a job left behind, whether it succeeded or not.
#pragma once

#include <optional>

#include "host/domain/plan.h"
#include "host/domain/progress.h"
#include "host/domain/record.h"

namespace dsw {

struct JobRun {
  std::optional<Plan> plan;  ///< Once it was loaded.
  Tally tally;               ///< Of this delivery, over all targets.
  /// As observers were last told, or would have been: counts over all deliveries.
  std::optional<Progress> progress;
  /// The job is over, and `progress` says how: to be published as its last event.
  bool over = false;
  /// The job had failed too often before this delivery, which fails with what it failed with then.
  bool exhausted = false;
};

}  // namespace dsw
