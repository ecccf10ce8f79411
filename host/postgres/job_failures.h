// SPDX-License-Identifier: Apache-2.0
//
// Failed deliveries of jobs that are still being tried.
#pragma once

#include <cstdint>
#include <string>

#include "host/domain/job.h"
#include "host/domain/record.h"
#include "host/postgres/database.h"
#include "host/postgres/session.h"

namespace dsw {

/// Each as the method of DatasetStore with the same name.
Result<FailureCount> NoteFailure(Database& database, const Job& job, const Error& error,
                                 bool counts);
Result<FailureCount> Failures(Database& database, const Job& job);
Status ClearFailures(Database& database, const Job& job);

struct JobFailure {
  std::string key;  ///< FailureKey() of the job.
  std::int64_t dataset_transform_id = 0;
  Error error{};
  std::string call;    ///< Keeps a repetition after a commit in doubt from counting twice.
  bool counts = true;  ///< Or is only remembered.
};

/// The same as parts of a transaction.
void CountFailure(pqxx::transaction_base& transaction, const JobFailure& failure);
void ForgetFailures(pqxx::transaction_base& transaction, const std::string& key);
/// The job got further than where it failed: FailureCount::since_first counts from its next
/// failure.
void RestartPatience(pqxx::transaction_base& transaction, const std::string& key);

}  // namespace dsw
