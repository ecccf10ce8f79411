// SPDX-License-Identifier: Apache-2.0
//
// A plugin's table that stands for one in another process.
#pragma once

#include <memory>
#include <string_view>

#include <dsw/plugin.h>

#include "host/base/result.h"

namespace dsw {

/// What the plugin's process said about its table, as a table: the same values, sizes and gaps, so
/// that the same checks find the same faults. Its functions forward; the `plugin` that they take is
/// an IsolatedPlugin. `init` is null: see IsolatedPlugin::Initialise(). Immutable.
class RemoteTable {
 public:
  /// kInvalid for what cannot be read, or is larger than anybody needs.
  static Result<std::unique_ptr<RemoteTable>> Read(std::string_view content);
  virtual ~RemoteTable() = default;

  /// Null when the plugin set none.
  virtual const dsw_plugin* table() const = 0;
  virtual bool has_init() const = 0;
};

}  // namespace dsw
