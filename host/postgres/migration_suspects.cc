// SPDX-License-Identifier: Apache-2.0
//
// What tells the job that kills workers from those that only ran beside it.
#include "host/postgres/migration_steps.h"

namespace dsw {

const char* const kSuspects = R"sql(
-- No other job of its worker had anything under way; see Company.
ALTER TABLE dataset_transform_leases
  ADD COLUMN IF NOT EXISTS alone boolean NOT NULL DEFAULT false;

-- A worker died while it was at this job and at others: the next one runs it alone.
ALTER TABLE dataset_transform_job_failures
  ADD COLUMN IF NOT EXISTS suspected boolean NOT NULL DEFAULT false;
)sql";

}  // namespace dsw
