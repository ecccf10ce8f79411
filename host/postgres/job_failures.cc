// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/job_failures.h"

#include <atomic>
#include <random>
#include <string>

#include <fmt/format.h>

#include "host/base/secret.h"
#include "host/postgres/claimed_target.h"
#include "host/postgres/session.h"

namespace dsw {
namespace {

/// The call's own number keeps a repetition after a commit in doubt from counting twice.
constexpr char kFailure[] = R"sql(
INSERT INTO dataset_transform_job_failures AS f
  (job_id, dataset_transform_id, failures, error_type, error_message, last_call)
VALUES ($1, $2::bigint, $6::integer, $3, $4, $5)
ON CONFLICT (job_id) DO UPDATE SET
  failures = f.failures + CASE WHEN f.last_call = excluded.last_call THEN 0
                               ELSE excluded.failures END,
  error_type = excluded.error_type, error_message = excluded.error_message,
  last_call = excluded.last_call, last_failed_at = now()
RETURNING failures, error_message,
          (extract(epoch FROM clock_timestamp() - first_failed_at) * 1000)::bigint
)sql";

std::string NewCallNumber() {
  static const std::uint64_t process = [] {
    std::random_device device;
    return (static_cast<std::uint64_t>(device()) << 32) | device();
  }();
  static std::atomic<std::uint64_t> calls{0};
  return fmt::format("{:016x}-{}", process, ++calls);
}

FailureCount CountIn(const pqxx::row& row) {
  return {.failures = Int32(row[0]),
          .since_first = std::chrono::milliseconds(Int64(row[2])),
          .last_error = Text(row[1])};
}

std::string KeyOf(const Job& job) {
  return FailureKey(DatabaseText(job.job_id), job.range ? job.range->number : kWholeTarget);
}

}  // namespace

Result<FailureCount> NoteFailure(Database& database, const Job& job, const Error& error,
                                 bool counts) {
  const std::string key = KeyOf(job);
  const std::string type(CodeName(error.code));
  const std::string message = DatabaseText(Redact(error.message));
  const std::string call = NewCallNumber();
  return database.Run([&](Session& session) -> Result<FailureCount> {
    pqxx::nontransaction transaction(session.connection);
    return CountIn(Exec(transaction, kFailure, key, job.dataset_transform_id, type, message, call,
                        counts ? 1 : 0)
                       .at(0));
  });
}

Result<FailureCount> Failures(Database& database, const Job& job) {
  const std::string key = KeyOf(job);
  return database.Run([&](Session& session) -> Result<FailureCount> {
    pqxx::nontransaction transaction(session.connection);
    const pqxx::result rows =
        Exec(transaction,
             "SELECT failures, error_message, "
             "  (extract(epoch FROM clock_timestamp() - first_failed_at) * 1000)::bigint "
             "FROM dataset_transform_job_failures WHERE job_id = $1",
             key);
    if (rows.empty()) return FailureCount{};
    return CountIn(rows[0]);
  });
}

Status ClearFailures(Database& database, const Job& job) {
  const std::string key = KeyOf(job);
  return database.Run([&](Session& session) -> Status {
    pqxx::nontransaction transaction(session.connection);
    Exec(transaction, "DELETE FROM dataset_transform_job_failures WHERE job_id = $1", key);
    return {};
  });
}

}  // namespace dsw
