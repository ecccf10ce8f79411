// SPDX-License-Identifier: Apache-2.0
//
// The lanes of the process, one per service.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "host/lanes/call_policy.h"
#include "host/lanes/lane.h"
#include "host/ports/embedder.h"
#include "host/ports/vector_sink.h"

namespace dsw {

/// Thread-safe.
class Lanes {
 public:
  /// Borrows all; they outlive the lanes.
  Lanes(const CallPolicy& embedder_calls, const CallPolicy& sink_calls, Clock& clock,
        Telemetry& telemetry)
      : embedder_calls_(embedder_calls),
        sink_calls_(sink_calls),
        clock_(clock),
        telemetry_(telemetry) {}

  /// The lane of an embedder or a sink: the same for all that share a service's limits. Never null.
  std::shared_ptr<Lane> Of(const Embedder& embedder);
  std::shared_ptr<Lane> Of(const VectorSink& sink);

 private:
  using Named = std::map<std::string, std::shared_ptr<Lane>, std::less<>>;

  std::shared_ptr<Lane> Find(Named& lanes, std::string_view name, Lane::Options options);

  const CallPolicy& embedder_calls_;
  const CallPolicy& sink_calls_;
  Clock& clock_;
  Telemetry& telemetry_;
  std::mutex mutex_;
  Named embedders_;
  Named sinks_;
};

}  // namespace dsw
