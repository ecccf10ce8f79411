// SPDX-License-Identifier: Apache-2.0
//
// Failed deliveries of jobs that are still being tried.
#pragma once

#include "host/domain/job.h"
#include "host/domain/record.h"
#include "host/postgres/database.h"

namespace dsw {

/// Each as the method of DatasetStore with the same name.
Result<FailureCount> NoteFailure(Database& database, const Job& job, const Error& error,
                                 bool counts);
Result<FailureCount> Failures(Database& database, const Job& job);
Status ClearFailures(Database& database, const Job& job);

}  // namespace dsw
