// SPDX-License-Identifier: Apache-2.0
//
// What the worker asks of the plugin, done.
#pragma once

#include <dsw/plugin.h>

#include "host/runner/instances.h"
#include "host/runner/slot.h"

namespace dsw::runner {

/// Makes the plugin's calls. Thread-safe once SetPlugin() was called.
class Calls {
 public:
  explicit Calls(const dsw_host* host) : host_(host) {}

  /// A table that the worker has accepted, and what its init made.
  void SetPlugin(const dsw_plugin* table, void* state) {
    table_ = table;
    state_ = state;
  }

  /// Reads a call and writes its result.
  void Serve(Slot& slot, wire::Reader& call, wire::Writer& done);

 private:
  void Create(wire::Reader& call, wire::Writer& done);
  void Destroy(wire::Reader& call, wire::Writer& done);

  const dsw_host* const host_;
  const dsw_plugin* table_ = nullptr;
  void* state_ = nullptr;
  Instances instances_;
};

}  // namespace dsw::runner
