// SPDX-License-Identifier: Apache-2.0
//
// The plugin's table as text for the worker.
#pragma once

#include <dsw/plugin.h>

#include "host/isolation/wire_writer.h"

namespace dsw::runner {

/// Says what is there and what is missing, such that the worker can build a table that is wrong in
/// the same way. Reads no more of a struct than its size covers.
void WriteTable(wire::Writer& writer, const dsw_plugin* plugin);

}  // namespace dsw::runner
