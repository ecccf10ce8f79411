// SPDX-License-Identifier: Apache-2.0
//
// How code of a plugin ended in another process.
#pragma once

#include <string>
#include <string_view>

#include <dsw/plugin.h>

#include "host/isolation/wire.h"
#include "host/isolation/wire_reader.h"

namespace dsw {

/// Fills in *error, which may be null, and returns `status`.
dsw_status ReportFailure(dsw_status status, std::string_view message, dsw_error* error);

struct RemoteOutcome {
  wire::Ending ending = wire::Ending::kReturned;
  dsw_status status = DSW_OK;
  dsw_error error{};
  std::string what;

  /// False when it cannot be read.
  bool Read(wire::Reader& content);
  bool ok() const { return ending == wire::Ending::kReturned && status == DSW_OK; }
  /// Returns or throws as if the plugin had been called here.
  dsw_status Deliver(dsw_error* to) const;
};

}  // namespace dsw
