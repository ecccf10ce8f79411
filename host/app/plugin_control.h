// SPDX-License-Identifier: Apache-2.0
//
// The plugins of a running worker: shown, loaded again and released, by commands that ask the
// worker over its HTTP port.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "host/observe/http_server.h"
#include "host/observe/plugin_metrics.h"
#include "host/plugin/loader.h"

namespace dsw {

/// "running", "down" or "quarantined".
std::string_view StateName(ProcessStatus::State state);
std::vector<PluginProcessState> ProcessStates(const LoadedPlugins& plugins);

/// What the worker does for the commands. `plugins`, and what `reload` uses, outlive the server.
std::vector<HttpAction> PluginActions(const LoadedPlugins& plugins, std::function<bool()> reload);

}  // namespace dsw
