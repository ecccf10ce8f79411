// SPDX-License-Identifier: Apache-2.0
//
// One target of a job while it runs: what was opened for it, and the calls that are made with it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/result.h"
#include "host/domain/plan.h"
#include "host/domain/record.h"
#include "host/lanes/lane.h"
#include "host/lanes/lane_call.h"
#include "host/lanes/learned_limits.h"
#include "host/pipeline/lease.h"
#include "host/pipeline/worker_context.h"

namespace dsw {

/// Thread-safe. Every call goes through the lane of its service and is repeated for as long as its
/// failures are likely to pass.
class TargetRun {
 public:
  /// Opens the embedder and the sink, makes sure of the collection, and finds out what there is to
  /// do, before anything is embedded. kNotFound for an unknown provider or model, kConflict for a
  /// collection of another shape or with vectors of another kind. Borrows all but the override.
  /// Never null.
  static Result<std::unique_ptr<TargetRun>> Open(const Plan& plan, const Target& target,
                                                 const SinkOverride& sink_override,
                                                 TargetClaim& claim, Lease& lease,
                                                 const WorkerContext& worker,
                                                 const JobScope& scope);

  const Plan& plan() const { return plan_; }
  const Target& target() const { return target_; }
  const WorkerContext& worker() const { return worker_; }
  const JobScope& scope() const { return scope_; }
  TargetClaim& claim() const { return claim_; }
  /// What there was to do when it was opened.
  const Survey& survey() const { return survey_; }
  const Embedder& embedder() const { return *embedder_; }
  /// With the dimensions, whoever told them.
  const ModelFacts& facts() const { return facts_; }
  /// The way to the embedder.
  Lane& lane() const { return *lane_; }
  LearnedLimits& learned() const { return *learned_; }
  /// What a call may hold, as far as is known by now.
  BatchLimits CallLimits() const;
  /// Batches that may be in flight at a time.
  int MostBatches() const;
  /// One more batch would only wait for its turn, or is to wait for how the one before it ends.
  bool Crowded() const;
  /// What a batch takes of memory while it is in flight, about.
  std::uint64_t BytesFor(const Batch& batch) const;
  /// The provider embedded something since a chunk was last found to be what it refuses: its
  /// refusals are then not for a wrong configuration.
  bool proven() const { return proven_; }
  void Disprove() { proven_ = false; }

  /// Embeds the texts, of `bytes` in all, as one call, and learns from what it cost. kConflict when
  /// the vectors do not fit the collection. `key` names the unit of work.
  Result<Vectors> Embed(std::span<const std::string_view> texts, std::uint64_t bytes,
                        const std::string& key, Trouble& trouble);
  /// Embeds a text that no provider refuses: what it tells is about the configuration.
  Result<Vectors> Probe(Trouble& trouble);
  /// Stores the points; durable once it returned success. `sent` is set once the sink may have got
  /// any of them.
  Status Store(const Points& points, bool& sent);
  /// Takes points out of the sink; `sent` likewise.
  Status Remove(std::span<const std::string> ids, bool& sent);
  /// After a write, or its record, failed with `error`: if the claim may have been lost by then, it
  /// may have undone what a successor wrote, and what is recorded of these items counts no more.
  void DisownIfLost(const Error& error, std::span<const std::int64_t> items);
  /// Points of the pieces of a batch, ready to be stored.
  Points MakePoints(std::span<const Chunk* const> chunks, const std::vector<bool>& truncated,
                    Matrix vectors) const;
  /// Tells the collection what made its vectors, now that all of them are embedded.
  Status Mark();

 private:
  using SinkCall = std::function<Status(const CallContext& context)>;

  TargetRun(const Plan& plan, const Target& target, TargetClaim& claim, Lease& lease,
            const WorkerContext& worker, const JobScope& scope, std::shared_ptr<Embedder> embedder,
            std::shared_ptr<VectorSink> sink, bool own_sink);
  Status Prepare();
  Result<Vectors> EmbedOnce(std::span<const std::string_view> texts, const std::string& key,
                            const Departure& departure, std::uint32_t attempt);
  Result<CollectionState> EnsureCollection();
  /// Where the last write failed: one that changes nothing and costs nothing.
  Status TryToWrite();
  /// Calls the sink about so many points.
  Status InSinkLane(std::size_t points, const std::string& key, const SinkCall& call);

  const Plan& plan_;
  const Target& target_;
  TargetClaim& claim_;
  Lease& lease_;
  const WorkerContext& worker_;
  const JobScope& scope_;
  const std::shared_ptr<Embedder> embedder_;
  const std::shared_ptr<VectorSink> sink_;
  const bool own_sink_;  ///< The job brought it.
  const std::shared_ptr<Lane> lane_;
  const std::shared_ptr<Lane> sink_lane_;
  const std::shared_ptr<LearnedLimits> learned_;
  ModelFacts facts_;
  std::string maker_;  ///< All that makes the vectors what they are.
  Survey survey_;
  BatchLimits batch_limits_;  ///< As configured and as the provider says.
  std::atomic<bool> proven_{false};
};

}  // namespace dsw
