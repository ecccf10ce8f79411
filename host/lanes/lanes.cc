// SPDX-License-Identifier: Apache-2.0
#include "host/lanes/lanes.h"

#include <utility>

namespace dsw {

std::shared_ptr<Lane> Lanes::Of(const Embedder& embedder) {
  return Find(embedders_, embedder.lane(),
              {.provider = std::string(embedder.provider()),
               .policy = embedder_calls_,
               .origin = Origin::kEmbedder,
               .remote = embedder.remote()});
}

std::shared_ptr<Lane> Lanes::Of(const VectorSink& sink) {
  return Find(sinks_, sink.lane(),
              {.provider = std::string(sink.provider()),
               .policy = sink_calls_,
               .origin = Origin::kSink,
               .remote = true});
}

std::shared_ptr<Lane> Lanes::Find(Named& lanes, std::string_view name, Lane::Options options) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<Lane>& lane = lanes[std::string(name)];
  if (!lane) lane = std::make_shared<Lane>(std::move(options), clock_, telemetry_);
  return lane;
}

}  // namespace dsw
