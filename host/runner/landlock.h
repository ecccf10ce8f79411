// SPDX-License-Identifier: Apache-2.0
//
// Which files can be read at all.
#pragma once

namespace dsw::runner {

enum class LandlockResult { kDone, kUnavailable, kFailed };

/// From now on this thread, and those that it makes, open only what lies where a system keeps its
/// programs and their data, for reading; with `net` also what names are resolved with. Also keeps
/// them from looking into other processes. kFailed sets errno.
LandlockResult RestrictFiles(bool net);

}  // namespace dsw::runner
