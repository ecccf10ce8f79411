// SPDX-License-Identifier: Apache-2.0
//
// What a plugin file has to prove before its code runs.
#pragma once

namespace dsw {

enum class PluginTrust {
  kAuto,     ///< kEnforce where there is a lock or a key to trust, else kWarn, in a low voice.
  kOff,      ///< Locks are not looked at.
  kWarn,     ///< What the lock does not vouch for is loaded, and logged as a warning.
  kEnforce,  ///< What the lock does not vouch for is refused.
};

}  // namespace dsw
