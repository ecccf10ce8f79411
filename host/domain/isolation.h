// SPDX-License-Identifier: Apache-2.0
//
// Which plugins run in a process of their own.
#pragma once

namespace dsw {

enum class Isolation {
  kAuto,  ///< All but those in the worker's own directories.
  kAll,
  kNone,
};

}  // namespace dsw
