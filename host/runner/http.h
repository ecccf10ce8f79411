// SPDX-License-Identifier: Apache-2.0
//
// dsw.http/1 for the plugin: the worker makes the requests.
#pragma once

#include <dsw/plugin.h>

namespace dsw::runner {

/// Valid until the process ends; its functions are thread-safe.
const dsw_host_http* HttpTable();

}  // namespace dsw::runner
