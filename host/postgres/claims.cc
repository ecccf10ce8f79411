// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/claims.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "host/postgres/job_failures.h"
#include "host/postgres/run_end.h"

namespace dsw {
namespace {

using std::chrono::milliseconds;

constexpr char kLive[] = R"sql(
SELECT holder, job_id,
       ceil(extract(epoch FROM expires_at - clock_timestamp()) * 1000)::bigint
FROM dataset_transform_leases
WHERE embedded_dataset_id = $1::bigint AND first_item <= $3::bigint AND last_item >= $2::bigint
  AND expires_at > clock_timestamp()
ORDER BY expires_at DESC LIMIT 1
)sql";

constexpr char kBury[] = R"sql(
WITH gone AS (
  DELETE FROM dataset_transform_leases
  WHERE embedded_dataset_id = $1::bigint AND first_item <= $3::bigint AND last_item >= $2::bigint
  RETURNING *
)
SELECT token, holder, job_id, range_number, alone,
       EXISTS (SELECT FROM dataset_transform_batches b
               WHERE b.embedded_dataset_id = gone.embedded_dataset_id
                 AND b.job_id = gone.job_id AND b.created_at >= gone.acquired_at),
       (SELECT ' while chunks of items ' || min(p.item_id) || ' to ' || max(p.item_id)
                 || ' were under way'
        FROM dataset_transform_items p
        WHERE p.embedded_dataset_id = gone.embedded_dataset_id
          AND p.item_id BETWEEN gone.first_item AND gone.last_item
          AND p.updated_at >= gone.acquired_at
          AND NOT p.done @> int4range(0, p.chunk_count))
FROM gone ORDER BY job_id, range_number
)sql";

constexpr char kSuspect[] = R"sql(
UPDATE dataset_transform_job_failures SET suspected = true WHERE job_id = $1
)sql";

/// Tokens grow with the time, also when the database is put back to an earlier state: points keep
/// the token that they were written under, and a smaller one does not overwrite them. They fit into
/// the 53 bits that a sink's numbers may have.
constexpr char kLease[] = R"sql(
WITH next AS (
  UPDATE dataset_transform_targets
  SET last_token = greatest(
        last_token + 1,
        (extract(epoch FROM clock_timestamp()) * 1000)::bigint * 1024
          + nextval('dataset_transform_lease_numbers') % 1024)
  WHERE embedded_dataset_id = $1::bigint
  RETURNING last_token
)
INSERT INTO dataset_transform_leases
  (token, embedded_dataset_id, first_item, last_item, job_id, range_number, holder, expires_at)
SELECT last_token, $1::bigint, $2::bigint, $3::bigint, $4, $5::integer, $6,
       clock_timestamp() + $7::bigint * interval '1 millisecond'
FROM next
RETURNING token
)sql";

/// Those of all targets of a job, with its first claim: from then on the job is over once all of
/// its runs are.
constexpr char kMakeRuns[] = R"sql(
INSERT INTO dataset_transform_runs (embedded_dataset_id, job_id, job_targets)
SELECT embedded_dataset_id, $2, cardinality($1::bigint[]) FROM embedded_datasets
WHERE embedded_dataset_id = ANY($1::bigint[]) ORDER BY embedded_dataset_id FOR KEY SHARE
ON CONFLICT DO NOTHING
)sql";

std::string TargetsOf(const Plan& plan) {
  std::vector<std::int64_t> ids;
  for (const Target& target : plan.targets) ids.push_back(target.embedded_dataset_id);
  return IdArray(ids);
}

/// How the run stands, of which this is a piece; made or opened again where needed. A job that was
/// given up and comes again goes on where it ended.
void OpenRun(pqxx::transaction_base& transaction, const std::string& targets, ClaimResult& result) {
  const ClaimedTarget& target = result.target;
  Exec(transaction, kMakeRuns, targets, target.job_id);
  // It begins when it is looked at for the first time.
  Exec(transaction,
       "UPDATE dataset_transform_runs SET started_at = clock_timestamp() "
       "WHERE embedded_dataset_id = $1::bigint AND job_id = $2 AND generation IS NULL",
       target.embedded_dataset_id, target.job_id);
  const pqxx::result run =
      Exec(transaction,
           "SELECT coalesce(r.outcome, ''), coalesce(p.state, ''), "
           "  EXISTS (SELECT FROM dataset_transform_ranges o "
           "          WHERE o.embedded_dataset_id = r.embedded_dataset_id AND o.job_id = r.job_id) "
           "FROM dataset_transform_runs r LEFT JOIN dataset_transform_ranges p "
           "  ON p.embedded_dataset_id = r.embedded_dataset_id AND p.job_id = r.job_id "
           "  AND p.number = $3::integer "
           "WHERE r.embedded_dataset_id = $1::bigint AND r.job_id = $2",
           target.embedded_dataset_id, target.job_id, target.range);
  const std::string_view outcome = View(run.at(0)[0]);
  const bool shared_out = IsTrue(run.at(0)[2]);
  // Each range that was given up has a dead letter of its own, which opens the run again.
  result.over = outcome == "success" || (!target.whole() && View(run.at(0)[1]) == "done") ||
                (target.whole() && outcome == "failed" && shared_out);
  if (result.over) result.job = EndOfJob(transaction, target.job_id);
  if (result.over || outcome.empty()) return;
  Exec(transaction,
       "UPDATE dataset_transform_runs SET outcome = NULL, ended_at = NULL, error = NULL "
       "WHERE embedded_dataset_id = $1::bigint AND job_id = $2",
       target.embedded_dataset_id, target.job_id);
}

/// Whoever let a lease run out died, or was stopped. That says something of the job it was at,
/// unless that recorded something: the death counts if the job ran alone; else it may be the doing
/// of another job of that worker, and this one is to run alone. Why not by whose other leases the
/// worker had: what ended just before leaves none, and in a container a worker has the name of the
/// one before it.
void Bury(pqxx::transaction_base& transaction, const ClaimedTarget& target) {
  for (const auto& lease :
       Exec(transaction, kBury, target.embedded_dataset_id, target.span.first, target.span.last)) {
    const std::string key = FailureKey(Text(lease[2]), target.embedded_dataset_id, Int32(lease[3]));
    const bool alone = IsTrue(lease[4]);
    const bool progressed = IsTrue(lease[5]);
    if (progressed) {
      ForgetFailures(transaction, key);
      continue;
    }
    CountFailure(transaction, {.key = key,
                               .dataset_transform_id = target.dataset_transform_id,
                               .error = {.message = fmt::format("worker {} died or was stopped{}",
                                                                View(lease[1]), View(lease[6])),
                                         .origin = Origin::kWorker},
                               .call = fmt::format("lease-{}", Int64(lease[0])),
                               .counts = alone});
    Exec(transaction, kSuspect, key);
  }
}

std::string KeyOf(const ClaimedTarget& target) {
  return FailureKey(target.job_id, target.embedded_dataset_id, target.range);
}

/// While another runner is at it.
std::optional<Error> HeldBy(pqxx::transaction_base& transaction, const ClaimedTarget& target) {
  const pqxx::result live =
      Exec(transaction, kLive, target.embedded_dataset_id, target.span.first, target.span.last);
  if (live.empty()) return std::nullopt;
  return Error{
      .code = Code::kHeld,
      .message = fmt::format("worker {} is at embedded dataset {} for job {}", View(live[0][0]),
                             target.embedded_dataset_id, View(live[0][1])),
      .retry_after = milliseconds(std::max<std::int64_t>(1, Int64(live[0][2])))};
}

}  // namespace

Result<ClaimResult> TakeClaim(Database& database, const Plan& plan, const Target& target,
                              const Claimant& claimant) {
  ClaimResult wanted;
  wanted.target.embedded_dataset_id = target.embedded_dataset_id;
  wanted.target.dataset_transform_id = plan.dataset_transform_id;
  wanted.target.dataset_id = plan.dataset_id;
  wanted.target.collection = target.collection;
  wanted.target.job_id = DatabaseText(plan.job_id);
  wanted.target.mode = plan.mode;
  if (plan.range) {
    wanted.target.range = plan.range->number;
    wanted.target.span = {plan.range->first_item, plan.range->last_item};
  }
  const std::string holder = DatabaseText(claimant.holder);
  const std::string targets = TargetsOf(plan);
  return database.Run([&](Session& session) -> Result<ClaimResult> {
    ClaimResult result = wanted;
    ClaimedTarget& claimed = result.target;
    pqxx::work transaction(session.connection);
    RETURN_IF_ERROR(LockTarget(transaction, claimed));
    if (std::optional<Error> held = HeldBy(transaction, claimed)) return Fail(*std::move(held));
    OpenRun(transaction, targets, result);
    Bury(transaction, claimed);
    if (!result.over) {
      result.suspected = !Exec(transaction,
                               "SELECT FROM dataset_transform_job_failures "
                               "WHERE job_id = $1 AND suspected",
                               KeyOf(claimed))
                              .empty();
      claimed.token =
          Int64(Exec(transaction, kLease, claimed.embedded_dataset_id, claimed.span.first,
                     claimed.span.last, claimed.job_id, claimed.range, holder,
                     static_cast<std::int64_t>(claimant.lease.count()))
                    .at(0)[0]);
    }
    transaction.commit();
    return result;
  });
}

Status RenewClaim(Database& database, const ClaimedTarget& target,
                  std::chrono::milliseconds lease) {
  return database.Run([&](Session& session) -> Status {
    pqxx::nontransaction transaction(session.connection);
    const pqxx::result renewed =
        Exec(transaction,
             "UPDATE dataset_transform_leases "
             "SET expires_at = clock_timestamp() + $2::bigint * interval '1 millisecond' "
             "WHERE token = $1::bigint RETURNING token",
             target.token, static_cast<std::int64_t>(lease.count()));
    if (renewed.empty()) return Fail(Lost(transaction, target));
    return {};
  });
}

Status IsolateClaim(Database& database, const ClaimedTarget& target) {
  return database.Run([&](Session& session) -> Status {
    pqxx::nontransaction transaction(session.connection);
    const pqxx::result marked =
        Exec(transaction,
             "UPDATE dataset_transform_leases SET alone = true WHERE token = $1::bigint "
             "RETURNING token",
             target.token);
    if (marked.empty()) return Fail(Lost(transaction, target));
    return {};
  });
}

Status TrustClaim(Database& database, const ClaimedTarget& target) {
  return database.Run([&](Session& session) -> Status {
    pqxx::nontransaction transaction(session.connection);
    Exec(transaction,
         "WITH lease AS ("
         "  UPDATE dataset_transform_leases SET alone = false WHERE token = $1::bigint "
         "  RETURNING token) "
         "UPDATE dataset_transform_job_failures SET suspected = false "
         "WHERE job_id = $2 AND EXISTS (SELECT FROM lease)",
         target.token, KeyOf(target));
    return {};
  });
}

Status ReleaseClaim(Database& database, const ClaimedTarget& target) {
  return database.Run([&](Session& session) -> Status {
    pqxx::nontransaction transaction(session.connection);
    Exec(transaction,
         "WITH gone AS ("
         "  DELETE FROM dataset_transform_leases WHERE token = $1::bigint RETURNING alone) "
         "UPDATE dataset_transform_job_failures SET suspected = false "
         "WHERE job_id = $2 AND EXISTS (SELECT FROM gone WHERE alone)",
         target.token, KeyOf(target));
    return {};
  });
}

}  // namespace dsw
