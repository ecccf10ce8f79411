// SPDX-License-Identifier: Apache-2.0
//
// Which log lines are wanted: the grammar of RUST_LOG, as "info,pipeline=debug,nats=warn".
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "host/base/log.h"
#include "host/base/result.h"

namespace dsw {

/// The lowest level that is written; empty for none.
using LogThreshold = std::optional<LogLevel>;

struct LogFilter {
  LogThreshold level = LogLevel::kInfo;
  /// By component, where it differs from `level`.
  std::map<std::string, LogThreshold, std::less<>> components;
};

/// Reads a comma-separated list of `level` and `component=level`. Levels are off, error, warn,
/// info, debug, trace. The names that Semantic Explorer's operators use mean our components:
/// worker_datasets is the whole program, and worker_datasets::job, ::embedder and ::qdrant are
/// pipeline, plugin and plugin. kInvalid, naming the part, for anything else.
Result<LogFilter> ParseLogFilter(std::string_view text);

}  // namespace dsw
