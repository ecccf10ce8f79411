// SPDX-License-Identifier: Apache-2.0
//
// What the plugin takes for the worker: the host's table, whose functions ask the real one.
#pragma once

#include <cstdint>
#include <string_view>

#include <dsw/plugin.h>

#include "host/runner/connection.h"
#include "host/runner/slot.h"

namespace dsw::runner {

/// The table, valid until the process ends; its functions are thread-safe. Lines of threads that
/// serve no call go to `control`. To be called once, before the plugin's code.
const dsw_host* MakeHost(const ControlConnection& control, std::string_view name,
                         std::string_view version, bool has_http);

/// Bit i: lines of DSW_LOG_* level i would be written.
void SetLogLevels(std::uint32_t mask);

/// The circumstances of the call that `slot` serves; views into `call` stay in it.
dsw_call ReadCall(Slot& slot, wire::Reader& call);

}  // namespace dsw::runner
