// SPDX-License-Identifier: Apache-2.0
//
// Calls to upstreams for a job: the circumstances of each attempt, and questions about a model.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "host/base/result.h"
#include "host/domain/plan.h"
#include "host/lanes/job_scope.h"
#include "host/lanes/lane_call.h"
#include "host/ports/embedder.h"

namespace dsw {

/// What no provider refuses.
inline constexpr std::string_view kProbeText[] = {"dimensions"};

/// The circumstances of the attempt `number` at a call that was let through `lane`. `key` names the
/// unit of work.
CallContext AttemptOf(const Plan& plan, const std::string& key, const JobScope& scope,
                      const Lane& lane, const Departure& departure, std::uint32_t number);

/// What is known about the embedder's model; its lane is `lane`.
Result<ModelFacts> DescribeModel(Embedder& embedder, Lane& lane, const Plan& plan,
                                 const JobScope& scope);

}  // namespace dsw
