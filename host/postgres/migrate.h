// SPDX-License-Identifier: Apache-2.0
//
// Brings a database's tables to what this version of the worker needs.
#pragma once

#include <string>
#include <vector>

#include "host/base/result.h"
#include "host/postgres/database.h"

namespace dsw {

/// A step that is done once per database, in order of `version`.
struct Migration {
  int version = 0;
  const char* name = nullptr;
  const char* sql = nullptr;
};

/// All of them, in order; a released one never changes.
const std::vector<Migration>& Migrations();
int NewestMigration();

/// Does the steps that the database has not had, all in one transaction, and returns their names.
/// Makes an empty database usable. In one that Semantic Explorer made, existing tables keep their
/// columns, rows, triggers and indexes; columns and tables are only added. Several calls at once
/// wait for each other. kInvalid for a server older than PostgreSQL 14, which lacks multiranges.
Result<std::vector<std::string>> Migrate(Database& database);

}  // namespace dsw
