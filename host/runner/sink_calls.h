// SPDX-License-Identifier: Apache-2.0
//
// Calls of a sink's instance.
#pragma once

#include "host/runner/served_call.h"

namespace dsw::runner {

/// Reads the arguments of `op`, makes the call, writes how it ended and its results.
void ServeSink(const Served& served, wire::Op op, wire::Reader& call, wire::Writer& done);

}  // namespace dsw::runner
