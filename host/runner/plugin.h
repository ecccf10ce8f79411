// SPDX-License-Identifier: Apache-2.0
//
// The plugin's file and its first steps.
#pragma once

#include <string>

#include <dsw/plugin.h>

#include "host/runner/outcome.h"

namespace dsw::runner {

/// Belongs to the main thread.
class Plugin {
 public:
  /// Loads the file behind a descriptor with all of its symbols bound; text of the failure, empty
  /// for none.
  std::string Open(int fd);
  /// The entry function; table() is what it set.
  Outcome Enter(const dsw_host* host);
  /// dsw_plugin.init, of a table that has one.
  Outcome Initialise(const dsw_host* host);
  Outcome ShutDown();

  const dsw_plugin* table() const { return table_; }
  void* state() const { return state_; }

 private:
  dsw_plugin_entry_fn entry_ = nullptr;
  const dsw_plugin* table_ = nullptr;
  void* state_ = nullptr;
};

}  // namespace dsw::runner
