// SPDX-License-Identifier: Apache-2.0
//
// The HTTP client that plugins get: dsw.http/1 over the host's own.
#pragma once

#include <dsw/plugin.h>

namespace dsw {

/// The table of DSW_EXT_HTTP; the same for all plugins, valid until the process ends. A request is
/// made for the instance whose call is named: to its origins, with its secrets, by its client.
const dsw_host_http* HttpService();

}  // namespace dsw
