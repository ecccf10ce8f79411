// SPDX-License-Identifier: Apache-2.0
//
// The only place that knows a job's JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "host/base/result.h"
#include "host/domain/job.h"

namespace dsw {

/// Reads a message of the queue. Unknown members are ignored. kInvalid, naming the member and what
/// it should be, for anything that is not a job this worker can run; that includes jobs that point
/// to a batch file in object storage. Of what `nats consumer next` prints, that is a message with
/// its headers, the job is what stands after "Data:".
Result<Job> ParseJob(std::string_view json);

/// The message for a job without overrides, as `submit` publishes it.
std::string JobJson(const Job& job);

/// The message for one range of the job in `parent_json`, which ParseJob read: the parent's own
/// with `embedded_dataset_id` and `range` set, and everything else kept.
std::string RangeJobJson(std::string_view parent_json, std::int64_t embedded_dataset_id,
                         const JobRange& range);

/// `json` with the API keys of its overrides set to null, so that it can be kept: replayed, it uses
/// the keys of the database and the settings. References as env:NAME stay. Text without keys, and
/// text that is not JSON, comes back as it is; text with keys loses what is nested too deeply for a
/// job.
std::string WithoutApiKeys(std::string_view json);

/// What a message that need not be a valid job says it is about; for lists of messages.
struct JobClaim {
  std::string job_id;  ///< Empty when it does not say.
  std::optional<std::int64_t> dataset_transform_id{};
};
JobClaim ClaimOf(std::string_view json);

}  // namespace dsw
