// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <fmt/format.h>

#include "host/postgres/database.h"
#include "host/postgres/migrate.h"
#include "host/postgres/session.h"

namespace dsw {
namespace {

/// What the worker does to which table; rows that are only held take the right to change them.
/// Rights to some of the columns will do.
constexpr char kState[] = R"sql(
SELECT (SELECT max(version) FROM dsw_migrations), pg_is_in_recovery(),
       current_setting('transaction_read_only')::boolean,
       (SELECT string_agg(needed.privilege || ' on ' || needed.name, ', ' ORDER BY needed.name)
        FROM (SELECT name, privilege FROM (VALUES
                ('datasets', 'SELECT'), ('dataset_items', 'SELECT,UPDATE'),
                ('embedders', 'SELECT'), ('dataset_transforms', 'SELECT'),
                ('embedded_datasets', 'SELECT,INSERT,UPDATE'),
                ('dataset_transform_items', 'SELECT,INSERT,UPDATE,DELETE'),
                ('dataset_transform_failed_chunks', 'SELECT,INSERT,UPDATE,DELETE'),
                ('dataset_item_contents', 'SELECT,INSERT,UPDATE,DELETE'),
                ('dataset_transform_targets', 'SELECT,INSERT,UPDATE'),
                ('dataset_transform_leases', 'SELECT,INSERT,UPDATE,DELETE'),
                ('dataset_transform_runs', 'SELECT,INSERT,UPDATE'),
                ('dataset_transform_ranges', 'SELECT,INSERT,UPDATE'),
                ('dataset_transform_batches', 'SELECT,INSERT,DELETE'),
                ('dataset_transform_stats', 'SELECT,INSERT,UPDATE'),
                ('dataset_transform_job_failures', 'SELECT,INSERT,UPDATE,DELETE'))
              AS tables(name, privileges), unnest(string_to_array(privileges, ',')) AS privilege
             ) needed
        WHERE NOT CASE needed.privilege
                    WHEN 'DELETE' THEN has_table_privilege(needed.name, needed.privilege)
                    ELSE has_any_column_privilege(needed.name, needed.privilege) END)
)sql";

/// The way that a failure takes which leaves no connection behind: the operator's remedy may only
/// count for new ones.
[[noreturn]] void Refuse(const Database& database, Code code, std::string_view what, bool wait) {
  DatabaseFailure failure{.error = DatabaseError(code, database.where(), what)};
  if (!wait) failure.error.repeat = false;
  throw DatabaseException(std::move(failure));
}

Status Ask(Database& database, bool rights) {
  const Database::Effort effort(Database::Retries::kNone, Database::Patience::kProbe);
  return database.Run(effort, [&](Session& session) -> Status {
    pqxx::nontransaction transaction(session.connection);
    const pqxx::result rows = Exec(transaction, kState);
    const auto& row = rows[0];
    if (row[0].is_null() || Int64(row[0]) < NewestMigration()) {
      Refuse(database, Code::kUnavailable,
             "its tables are of an older version: run `worker-datasets migrate`", false);
    }
    if (IsTrue(row[1])) {
      Refuse(database, Code::kUnavailable,
             "it is a standby, which takes no writes: DATABASE_URL must name the primary", true);
    }
    if (IsTrue(row[2])) {
      Refuse(database, Code::kUnavailable,
             "it takes no writes, as default_transaction_read_only is on: turn it off for the "
             "server, the database and the worker's role",
             true);
    }
    if (rights && !row[3].is_null()) {
      Refuse(database, Code::kUnauthenticated,
             fmt::format("the worker's role lacks rights: {}; grant them, or run the worker as the "
                         "role that ran `worker-datasets migrate`",
                         View(row[3])),
             false);
    }
    return {};
  });
}

Status AskAgain(Database& database, bool rights) {
  const auto start = std::chrono::steady_clock::now();
  Status status = Ask(database, rights);
  // A connection that lay idle may have been ended meanwhile, which says nothing about the server.
  // The next one is new.
  const bool at_once = std::chrono::steady_clock::now() - start < std::chrono::seconds(1);
  if (!status && status.error().code == Code::kUnavailable && at_once) {
    status = Ask(database, rights);
  }
  return status;
}

}  // namespace

Status CheckTables(Database& database) {
  return AskAgain(database, false);
}

Status CheckDatabase(Database& database) {
  return AskAgain(database, true);
}

}  // namespace dsw
