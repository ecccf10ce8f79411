// SPDX-License-Identifier: Apache-2.0
//
// Whether a plugin and this host can work together: versions, tables, and what the plugin says
// about itself in two places.
#pragma once

#include <dsw/plugin.h>

#include "host/base/result.h"
#include "host/plugin/manifest.h"

namespace dsw {

/// kInvalid when the plugin was made for another major version or needs a newer host.
Status CheckAbi(const Manifest& manifest);

/// kInvalid, naming the member, when the table misses something that every plugin has.
Status CheckTable(const dsw_plugin* plugin);

/// kInvalid, with both values, when a valid table contradicts the manifest.
Status CheckAgreement(const Manifest& manifest, const dsw_plugin& plugin);

}  // namespace dsw
