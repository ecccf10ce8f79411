// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/embedder_lanes.h"

namespace dsw {

std::shared_ptr<Lane> EmbedderLanes::Of(const Embedder& embedder) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<Lane>& lane = lanes_[std::string(embedder.lane())];
  if (!lane) {
    const bool remote = embedder.remote();
    lane = std::make_shared<Lane>(
        Lane::Options{
            .provider = std::string(embedder.provider()),
            // An in-process embedder has no upstream to spare.
            .governor = {.requests_per_second = remote ? options_.embedder_requests_per_second : 0,
                         .max_calls = remote ? options_.embedder_max_calls : 0,
                         .backoff = options_.call_retry_delay,
                         .remote = remote},
            .outage_patience = options_.outage_patience},
        clock_, telemetry_);
  }
  return lane;
}

}  // namespace dsw
