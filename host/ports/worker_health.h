// SPDX-License-Identifier: Apache-2.0
//
// Whether the worker itself is fit for work: jobs are not to pay for what is wrong with it.
#pragma once

#include <stop_token>
#include <string_view>

#include "host/base/result.h"

namespace dsw {

/// Thread-safe.
class WorkerHealth {
 public:
  virtual ~WorkerHealth() = default;
  /// Waits until nothing that the worker needs is known to be broken; false when `stop` was
  /// requested first. Costs next to nothing while all is well.
  virtual bool WaitUntilReady(std::stop_token stop) = 0;
  /// A job found that `part` ("sink", "postgresql", "nats", "provider fastembed") does not work,
  /// through no fault of its own. Nobody is ready from now until a probe of that part succeeds; a
  /// part that has no probe opens again after a pause, so that the next job is one. The pauses grow
  /// when it is reported again soon after. Does not block.
  virtual void Report(std::string_view part, const Error& error) = 0;
};

}  // namespace dsw
