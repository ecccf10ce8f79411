// SPDX-License-Identifier: Apache-2.0
//
// Keeps a shared-out job from taking all job threads of a worker.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

#include "host/base/result.h"

namespace dsw {

/// Thread-safe.
class RangeSlots {
 public:
  /// Ranges of one transform take all but one of `job_threads`, and at least one.
  explicit RangeSlots(int job_threads) : most_(job_threads > 1 ? job_threads - 1 : 1) {}

  /// Occupied until it is destroyed; outlived by the slots.
  using Slot = std::shared_ptr<void>;
  /// kHeld, with retry_after, when the transform has all that it may have.
  Result<Slot> Take(std::int64_t dataset_transform_id);

 private:
  const int most_;
  std::mutex mutex_;
  std::map<std::int64_t, int> taken_;  ///< By transform.
};

}  // namespace dsw
