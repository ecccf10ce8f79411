// SPDX-License-Identifier: Apache-2.0
//
// Whether a transform is in the state that its last job must leave it in. Computed from the dataset
// alone, with none of the product's code: ids, texts, vectors, records, statistics, events.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/e2e/stream_reader.h"
#include "tests/fault/findings.h"
#include "tests/fault/stored_points.h"
#include "tests/fault/truth.h"

namespace dsw::fault_test {

/// Points that are lost, orphaned, stale, or by another maker than the embedder's present one.
/// `stored` reads a collection. A chunk may be without a point when it is recorded as failed, and
/// that only when it has no text or contains one of `refused`.
void CheckPoints(const Truth& truth, const std::function<StoredPoints(const std::string&)>& stored,
                 const std::vector<std::string>& refused, Findings& findings);

/// Records that are not those of the dataset as it is, and statistics that are not theirs.
void CheckRecords(const Truth& truth, Findings& findings);

/// Events that contradict each other: not exactly one last event for each of `jobs`, numbers that
/// go backwards, times that are not between `earliest` (ISO 8601) and now. With `last_job_is_now`
/// the numbers of the last of `jobs` are those of the dataset.
void CheckEvents(const Truth& truth, const std::vector<StreamMessage>& events,
                 const std::vector<std::string>& jobs, const std::string& earliest,
                 bool last_job_is_now, Findings& findings);

}  // namespace dsw::fault_test
