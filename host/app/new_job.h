// SPDX-License-Identifier: Apache-2.0
//
// Jobs that a command makes, and how it tells of those it published.
#pragma once

#include <cstdint>

#include "host/domain/job.h"
#include "host/domain/plan.h"
#include "host/nats/job_publisher.h"

namespace dsw {

/// A job for the transform, under an id that no other job has.
Job NewJob(std::int64_t transform);

/// Says in the job whose it is, and about which dataset.
void FillFrom(const Plan& plan, Job& job);

/// Prints where the job stands now: a JSON document, or words.
void PrintPublished(const Job& job, const PublishedJob& published, bool json);

}  // namespace dsw
