// SPDX-License-Identifier: Apache-2.0
//
// From a target of the plan to the plugins that serve it.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "host/base/result.h"
#include "host/domain/plan.h"
#include "host/pipeline/lane.h"
#include "host/pipeline/learned_limits.h"
#include "host/pipeline/worker_context.h"

namespace dsw {

/// A target with its opened plugins. Immutable but for what its calls find out; borrows the plan
/// and the target.
struct OpenedTarget {
  const Plan& plan;
  const Target& target;
  std::shared_ptr<Embedder> embedder;
  std::shared_ptr<VectorSink> sink;
  ModelFacts facts;          ///< With the dimensions, whoever told them.
  BatchLimits batch_limits;  ///< As configured and as the provider says.
  std::shared_ptr<Lane> lane;
  std::shared_ptr<LearnedLimits> learned;
  /// The provider embedded something since a chunk was last found to be what it refuses: its
  /// refusals are then not for a wrong configuration.
  std::shared_ptr<std::atomic<bool>> proven;

  /// What a call may hold, as far as is known by now.
  BatchLimits CallLimits() const { return learned->Tighten(batch_limits); }
};

/// Opens the embedder and the sink and makes sure of the collection, before anything is embedded.
/// kNotFound for an unknown provider or model, kConflict for a collection of another shape.
Result<OpenedTarget> OpenTarget(const Plan& plan, const Target& target,
                                const SinkOverride& sink_override, const WorkerContext& worker,
                                const JobScope& scope);

/// The circumstances of a call made for a job.
CallContext JobCall(const Plan& plan, const JobScope& scope, Clock::TimePoint deadline,
                    std::string idempotency_key, std::uint32_t attempt);

}  // namespace dsw
