// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/migrate.h"

#include <cstdio>
#include <memory>

#include "host/app/commands.h"
#include "host/base/clock.h"
#include "host/postgres/database.h"

namespace dsw {

Status MigrateDatabase(const Settings& settings) {
  SystemClock clock;
  ASSIGN_OR_RETURN(const std::unique_ptr<Database> database,
                   Database::Open({.url = settings.database_url}, clock));
  ASSIGN_OR_RETURN(const std::vector<std::string> done, Migrate(*database));
  for (const std::string& name : done) std::printf("applied: %s\n", name.c_str());
  if (done.empty()) std::puts("nothing to do: the database is up to date");
  return {};
}

}  // namespace dsw
