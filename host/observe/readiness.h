// SPDX-License-Identifier: Apache-2.0
//
// Whether the worker can do its work: a list of checks, run at most once a second.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "host/base/clock.h"
#include "host/base/result.h"

namespace dsw {

/// Something the worker cannot work without. `run` is called from any thread, one at a time.
struct ReadinessCheck {
  std::string name;
  std::function<Status()> run;
};

/// Thread-safe.
class Readiness {
 public:
  struct Finding {
    std::string name;
    Status status;
  };
  struct Report {
    bool ready = false;
    std::vector<Finding> findings;
  };

  /// `clock` outlives this.
  Readiness(std::vector<ReadinessCheck> checks, const Clock& clock);

  /// Runs the checks, or repeats what they said less than a second ago.
  Report Check();

 private:
  const std::vector<ReadinessCheck> checks_;
  const Clock& clock_;

  std::mutex mutex_;
  std::optional<Clock::TimePoint> checked_at_;  ///< Guarded by mutex_, as is the report.
  Report report_;
};

}  // namespace dsw
