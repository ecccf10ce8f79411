// SPDX-License-Identifier: Apache-2.0
//
// The lanes of the process, one per upstream.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "host/pipeline/lane.h"
#include "host/pipeline/options.h"
#include "host/ports/embedder.h"

namespace dsw {

/// Thread-safe.
class EmbedderLanes {
 public:
  /// Borrows all three; they outlive the lanes.
  EmbedderLanes(const PipelineOptions& options, Clock& clock, Telemetry& telemetry)
      : options_(options), clock_(clock), telemetry_(telemetry) {}

  /// The lane of an embedder: the same for all that share an upstream's limits. Never null.
  std::shared_ptr<Lane> Of(const Embedder& embedder);

 private:
  const PipelineOptions& options_;
  Clock& clock_;
  Telemetry& telemetry_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Lane>, std::less<>> lanes_;
};

}  // namespace dsw
