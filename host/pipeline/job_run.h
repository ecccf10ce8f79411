// SPDX-License-Identifier: Apache-2.0
//
// What a run of a job left behind, whether it succeeded or not.
#pragma once

#include <cstddef>
#include <exception>
#include <optional>
#include <string>

#include "host/base/result.h"
#include "host/domain/plan.h"
#include "host/domain/progress.h"
#include "host/domain/record.h"

namespace dsw {

struct JobRun {
  std::optional<Plan> plan;  ///< Once it was loaded.
  std::size_t target = 0;    ///< The one of its targets that it came to.
  Tally tally;               ///< Of this delivery, over all targets.
  /// As observers were last told, or would have been: counts over all deliveries.
  std::optional<Progress> progress;
  /// The job is over, and `progress` says how: to be published as its last event.
  bool over = false;
  /// The job had failed too often before this delivery, which fails with what it failed with then.
  bool exhausted = false;
};

/// What an exception is that nobody on the way understood.
inline Error FromException(const std::exception& exception) {
  return {.code = Code::kInternal,
          .message = std::string("exception: ") + exception.what(),
          .origin = Origin::kWorker};
}

}  // namespace dsw
