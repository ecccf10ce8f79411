// SPDX-License-Identifier: Apache-2.0
//
// What one call to an embedder may hold, before anything was learned.
#pragma once

#include <cstdint>

#include "host/domain/plan.h"
#include "host/domain/vectors.h"
#include "host/lanes/learned_limits.h"
#include "host/ports/embedder.h"

namespace dsw {

/// The tightest of the embedder's row, the model's facts, the provider's limits and `most_bytes` of
/// text; small enough that calls at the model's pace follow each other evenly. Pure.
BatchLimits LimitsOf(const EmbedderConfig& config, const ModelFacts& facts,
                     const Embedder::Limits& limits, std::uint64_t most_bytes);

}  // namespace dsw
