// SPDX-License-Identifier: Apache-2.0
#include "host/app/load_plan.h"

#include <memory>

#include "host/app/pipeline_options.h"
#include "host/base/clock.h"
#include "host/postgres/database.h"
#include "host/postgres/dataset_store.h"

namespace dsw {

Result<Plan> LoadPlan(const Settings& settings, const Job& job) {
  SystemClock clock;
  ASSIGN_OR_RETURN(const std::unique_ptr<Database> database,
                   Database::Open({.url = settings.database_url}, clock));
  return PostgresStore(*database, StoreOptionsFrom(settings)).LoadPlan(job);
}

}  // namespace dsw
