// SPDX-License-Identifier: Apache-2.0
//
// What the pipeline tells about itself, in its own terms; metrics are made of it elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "host/base/result.h"

namespace dsw {

/// How a delivery ended.
enum class DeliveryOutcome { kSuccess, kRetried, kHandedBack, kDeadLettered };

/// What kept an embedding call from being made at once.
enum class WaitReason { kPace, kCoolDown, kConcurrency, kCircuit };

/// Thread-safe and cheap; never fails.
class Telemetry {
 public:
  using Duration = std::chrono::steady_clock::duration;

  virtual ~Telemetry() = default;
  virtual void JobStarted() = 0;
  /// Ends what JobStarted began. `error` says why, unless the outcome is kSuccess.
  virtual void JobEnded(DeliveryOutcome outcome, std::optional<Code> error, Duration duration,
                        std::int64_t batches, std::int64_t chunks) = 0;
  /// One attempt at an embedding call; `error` is empty on success.
  virtual void EmbedCall(std::string_view provider, std::optional<Code> error, Duration duration,
                         std::size_t chunks) = 0;
  /// A call to an embedder was held back for so long.
  virtual void EmbedWait(std::string_view provider, WaitReason reason, Duration duration) = 0;
  /// An upstream of the provider was found to be down (`open`), or to be up again.
  virtual void EmbedCircuit(std::string_view provider, bool open) = 0;
  /// So many calls to an upstream of the provider may be under way at a time.
  virtual void EmbedConcurrency(std::string_view provider, int limit) = 0;
  /// One attempt at an upsert; `error` is empty on success.
  virtual void UpsertCall(std::string_view sink, std::optional<Code> error, Duration duration,
                          std::size_t vectors) = 0;
  /// A chunk that was recorded as failed.
  virtual void ChunksFailed(std::size_t count) = 0;
};

}  // namespace dsw
