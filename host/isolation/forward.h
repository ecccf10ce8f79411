// SPDX-License-Identifier: Apache-2.0
//
// Calls of an instance, carried to the plugin's process and back.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include <dsw/plugin.h>

#include "host/isolation/callbacks.h"
#include "host/isolation/remote_outcome.h"
#include "host/isolation/supervisor.h"

namespace dsw {

/// What the worker holds for an instance. Made again, from the same configuration, in each process
/// that comes after the one that it was made in. Thread-safe.
struct RemoteInstance {
  Supervisor& supervisor;
  const dsw_host& host;
  const std::uint32_t provider;  ///< Its position in the table.
  const std::string id;
  const std::string config;

  std::mutex mutex{};
  std::uint64_t generation = 0;  // Guarded by mutex, as the rest: the process that has it.
  std::uint64_t number = 0;
  std::uint32_t extensions = 0;
};

/// One call.
struct Request {
  wire::Op op;
  std::string_view operation;  ///< Its name, for people.
  const dsw_call* call = nullptr;
  /// Puts into the arena what the arguments refer to; false when it does not fit. May be empty.
  std::function<bool(Arena&)> prepare{};
  /// Writes the arguments.
  std::function<void(wire::Writer&)> fill{};
  Receivers receivers{};
  /// Reads what follows the outcome. May be empty.
  std::function<void(wire::Reader&)> results{};
};

/// Makes the call. What the plugin returned or threw comes out here; besides, DSW_E_UNAVAILABLE
/// when its process died, DSW_E_TIMEOUT when it had to be ended because the call did not return,
/// and DSW_E_TOO_LARGE for what does not fit between the two.
dsw_status Forward(RemoteInstance& instance, const Request& request, dsw_error* error);

/// Makes the instance itself, as dsw_provider.create. Sets made to whether the plugin set one.
dsw_status CreateRemote(RemoteInstance& instance, bool& made, dsw_error* error);
/// Ends it in the process that has it, if that still is there.
void DestroyRemote(RemoteInstance& instance);

}  // namespace dsw
