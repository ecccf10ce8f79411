// SPDX-License-Identifier: Apache-2.0
//
// Where status events go.
#pragma once

#include "host/base/result.h"
#include "host/domain/progress.h"

namespace dsw {

/// Thread-safe.
class ProgressBus {
 public:
  virtual ~ProgressBus() = default;
  /// Publishes an event of a job on its way. A lost one is logged and never fails a job.
  virtual void Publish(const Progress& progress) noexcept = 0;
  /// Publishes the last event of a job: it is stored once this returns success, which takes a few
  /// seconds at most. A second one of the same job is not stored again, within the duplicate window
  /// of the bus; nothing is lost by trying again after a failure.
  virtual Status PublishFinal(const Progress& progress) = 0;
};

}  // namespace dsw
