// SPDX-License-Identifier: Apache-2.0
//
// From a target of the plan to the plugins that serve it.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "host/base/result.h"
#include "host/domain/plan.h"
#include "host/pipeline/batcher.h"
#include "host/pipeline/worker_context.h"

namespace dsw {

/// A target with its opened plugins. Immutable; borrows the plan and the target.
struct OpenedTarget {
  const Plan& plan;
  const Target& target;
  std::shared_ptr<Embedder> embedder;
  std::shared_ptr<VectorSink> sink;
  std::uint32_t dimensions = 0;
  BatchLimits batch_limits;
};

/// Opens the embedder and the sink and makes sure of the collection, before anything is embedded.
/// kNotFound for an unknown provider or model, kConflict for a collection of another shape.
Result<OpenedTarget> OpenTarget(const Plan& plan, const Target& target,
                                const SinkOverride& sink_override, const WorkerContext& worker,
                                const StopSignals& stops);

/// The circumstances of a call made for a job.
CallContext JobCall(const Plan& plan, const WorkerContext& worker, const StopSignals& stops,
                    std::chrono::milliseconds timeout, std::string idempotency_key,
                    std::uint32_t attempt);

}  // namespace dsw
