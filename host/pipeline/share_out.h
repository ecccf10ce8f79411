// SPDX-License-Identifier: Apache-2.0
//
// A job that is too large for one worker is cut into ranges, each a message of its own, so that the
// whole fleet takes part. Only a few of them wait in the queue at a time, since whatever is
// submitted meanwhile shall not wait behind all of them: a range that begins publishes the next.
#pragma once

#include <string_view>

#include "host/base/result.h"
#include "host/domain/job.h"
#include "host/domain/plan.h"
#include "host/pipeline/worker_context.h"

namespace dsw {

/// Cuts what is pending of a claimed target into ranges, publishes the first of them, and gives the
/// claim back. Repeatable: ranges are cut once per run, and have message ids of their own.
Status ShareOut(TargetClaim& claim, const Plan& plan, const Target& target,
                std::string_view message, const WorkerContext& worker);

/// Publishes the range that shall wait while the range of `job` runs, if there is one.
Status PublishNext(const Job& job, std::string_view message, const WorkerContext& worker);

}  // namespace dsw
