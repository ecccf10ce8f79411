// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/migrate.h"

#include <fmt/format.h>

#include "host/postgres/session.h"

namespace dsw {
namespace {

constexpr int kOldestServer = 140000;

}  // namespace

int NewestMigration() {
  return Migrations().back().version;
}

Result<std::vector<std::string>> Migrate(Database& database) {
  return database.Run(
      Database::Patience::kLong, [&](Session& session) -> Result<std::vector<std::string>> {
        pqxx::work transaction(session.connection);
        const pqxx::result server = Exec(
            transaction,
            "SELECT current_setting('server_version_num')::int, current_setting('server_version')");
        if (Int32(server[0][0]) < kOldestServer) {
          return Fail(DatabaseError(
              Code::kInvalid, database.where(),
              fmt::format("the server is PostgreSQL {}; PostgreSQL 14 or newer is needed",
                          View(server[0][1]))));
        }
        // Altering a table waits for everybody who uses it, and everybody else then waits for us.
        BeginLong(transaction);
        Exec(transaction, "SET LOCAL lock_timeout = '60s'");
        Exec(transaction, "SET LOCAL client_min_messages = warning");
        Exec(transaction, "SELECT pg_advisory_xact_lock(hashtextextended('dsw_migrations', 0))");
        Exec(transaction,
             "CREATE TABLE IF NOT EXISTS dsw_migrations (version integer PRIMARY KEY, "
             "name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())");
        const int done =
            Int32(Exec(transaction, "SELECT coalesce(max(version), 0) FROM dsw_migrations")[0][0]);
        std::vector<std::string> names;
        for (const Migration& migration : Migrations()) {
          if (migration.version <= done) continue;
          Exec(transaction, migration.sql);
          Exec(transaction, "INSERT INTO dsw_migrations (version, name) VALUES ($1, $2)",
               migration.version, migration.name);
          names.emplace_back(migration.name);
        }
        transaction.commit();
        return names;
      });
}

}  // namespace dsw
