// SPDX-License-Identifier: Apache-2.0
//
// The grammar of RUST_LOG and LOG_LEVEL, as "info,pipeline=debug,nats=warn".
#pragma once

#include <string_view>

#include "host/base/log_filter.h"
#include "host/base/result.h"

namespace dsw {

/// Reads a comma-separated list of `level` and `component=level`. Levels are off, error, warn,
/// info, debug, trace. The names that Semantic Explorer's operators use mean our components:
/// worker_datasets is the whole program, and worker_datasets::job, ::embedder and ::qdrant are
/// pipeline, plugin and plugin. kInvalid, naming the part, for anything else.
Result<LogFilter> ParseLogFilter(std::string_view text);

}  // namespace dsw
