// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/job_failures.h"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "host/base/secret.h"
#include "host/domain/failure.h"
#include "host/postgres/claimed_target.h"

namespace dsw {
namespace {

constexpr char kFailure[] = R"sql(
INSERT INTO dataset_transform_job_failures AS f
  (job_id, dataset_transform_id, failures, error_type, error_message, last_call, error_origin)
VALUES ($1, $2::bigint, $6::integer, $3, $4, $5, $7)
ON CONFLICT (job_id) DO UPDATE SET
  failures = f.failures + CASE WHEN f.last_call = excluded.last_call THEN 0
                               ELSE excluded.failures END,
  first_failed_at = CASE WHEN f.error_type = excluded.error_type THEN f.first_failed_at
                         ELSE now() END,
  error_type = excluded.error_type, error_message = excluded.error_message,
  error_origin = excluded.error_origin, last_call = excluded.last_call, last_failed_at = now()
)sql";

constexpr std::pair<Origin, std::string_view> kOrigins[] = {
    {Origin::kJob, "job"},           {Origin::kEmbedder, "embedder"}, {Origin::kSink, "sink"},
    {Origin::kDatabase, "database"}, {Origin::kQueue, "queue"},       {Origin::kWorker, "worker"},
};

std::string OriginName(Origin origin) {
  for (const auto& [each, name] : kOrigins) {
    if (each == origin) return std::string(name);
  }
  return {};
}

/// What an older version wrote down has no origin, and is taken for what it was taken for then.
Error ReadError(std::string_view type, std::string_view origin, std::string message) {
  Error error{.message = std::move(message), .origin = Origin::kWorker};
  const auto known = std::find_if(std::begin(kOrigins), std::end(kOrigins),
                                  [&](const auto& each) { return each.second == origin; });
  if (known == std::end(kOrigins)) return error;
  error.origin = known->first;
  for (const FailureClass& row : FailureClasses()) {
    if (CodeName(row.code) == type) error.code = row.code;
  }
  return error;
}

std::string NewCallNumber() {
  static const std::uint64_t process = [] {
    std::random_device device;
    return (static_cast<std::uint64_t>(device()) << 32) | device();
  }();
  static std::atomic<std::uint64_t> calls{0};
  return fmt::format("{:016x}-{}", process, ++calls);
}

FailureCount FailuresOf(pqxx::transaction_base& transaction, const std::string& key) {
  const pqxx::result rows =
      Exec(transaction,
           "SELECT failures, error_type, error_origin, error_message, "
           "  (extract(epoch FROM clock_timestamp() - first_failed_at) * 1000)::bigint "
           "FROM dataset_transform_job_failures WHERE job_id = $1",
           key);
  if (rows.empty()) return {};
  return {.failures = Int32(rows[0][0]),
          .since_first = std::chrono::milliseconds(Int64(rows[0][4])),
          .last = ReadError(View(rows[0][1]), View(rows[0][2]), Text(rows[0][3]))};
}

std::string KeyOf(const Job& job) {
  return FailureKey(DatabaseText(job.job_id), job.embedded_dataset_id.value_or(0),
                    job.range ? job.range->number : kWholeTarget);
}

}  // namespace

void CountFailure(pqxx::transaction_base& transaction, const JobFailure& failure) {
  Exec(transaction, kFailure, failure.key, failure.dataset_transform_id,
       std::string(CodeName(failure.error.code)), DatabaseText(Redact(failure.error.message)),
       failure.call, failure.counts ? 1 : 0, OriginName(failure.error.origin));
}

void RestartPatience(pqxx::transaction_base& transaction, const std::string& key) {
  // No failure is of this type, so that the next one is the first of its own.
  Exec(transaction, "UPDATE dataset_transform_job_failures SET error_type = '' WHERE job_id = $1",
       key);
}

void ForgetFailures(pqxx::transaction_base& transaction, const std::string& key) {
  Exec(transaction, "DELETE FROM dataset_transform_job_failures WHERE job_id = $1", key);
}

Result<FailureCount> NoteFailure(Database& database, const Job& job, const Error& error,
                                 bool counts) {
  const JobFailure failure{.key = KeyOf(job),
                           .dataset_transform_id = job.dataset_transform_id,
                           .error = error,
                           .call = NewCallNumber(),
                           .counts = counts};
  return database.Run([&](Session& session) -> Result<FailureCount> {
    pqxx::work transaction(session.connection);
    CountFailure(transaction, failure);
    FailureCount count = FailuresOf(transaction, failure.key);
    transaction.commit();
    return count;
  });
}

Result<FailureCount> Failures(Database& database, const Job& job) {
  const std::string key = KeyOf(job);
  return database.Run([&](Session& session) -> Result<FailureCount> {
    pqxx::nontransaction transaction(session.connection);
    return FailuresOf(transaction, key);
  });
}

Status ClearFailures(Database& database, const Job& job) {
  const std::string key = KeyOf(job);
  return database.Run([&](Session& session) -> Status {
    pqxx::nontransaction transaction(session.connection);
    ForgetFailures(transaction, key);
    return {};
  });
}

}  // namespace dsw
