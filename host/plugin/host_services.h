// SPDX-License-Identifier: Apache-2.0
//
// What the host does for plugins: the table that a plugin gets with its entry call.
#pragma once

#include <string_view>

#include <dsw/plugin.h>

namespace dsw {

/// The services for the plugin in the file named `plugin`, which stands in its log lines. Valid
/// until the process ends, since a plugin's threads may use it until then. Functions of the table
/// are thread-safe. To be called by the thread that loads plugins.
const dsw_host* HostServicesFor(std::string_view plugin);

}  // namespace dsw
