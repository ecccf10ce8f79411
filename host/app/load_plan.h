// SPDX-License-Identifier: Apache-2.0
//
// A job's plan, for commands that need nothing else of the database.
#pragma once

#include "host/base/result.h"
#include "host/config/settings.h"
#include "host/domain/job.h"
#include "host/domain/plan.h"

namespace dsw {

/// DatasetStore::LoadPlan() over a connection of its own.
Result<Plan> LoadPlan(const Settings& settings, const Job& job);

}  // namespace dsw
