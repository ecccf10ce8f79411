// SPDX-License-Identifier: Apache-2.0
//
// Where status events go.
#pragma once

#include "host/domain/progress.h"

namespace dsw {

/// Thread-safe.
class ProgressBus {
 public:
  virtual ~ProgressBus() = default;
  /// Publishes an event. A lost event is logged and never fails a job.
  virtual void Publish(const Progress& progress) noexcept = 0;
};

}  // namespace dsw
