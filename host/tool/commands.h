// SPDX-License-Identifier: Apache-2.0
//
// What each command of dsw-plugin does. None runs code of a plugin. A command writes its result to
// stdout and returns why it failed.
#pragma once

#include <filesystem>
#include <string>

#include "host/base/result.h"
#include "host/plugin/plugin_lock.h"

namespace dsw {

struct LockOptions {
  std::filesystem::path directory;
  PluginMode mode = PluginMode::kAny;  ///< Of files that the lock there is does not list.
};
/// Writes plugins.lock from the plugins of a directory. Modes and grants of an earlier lock are
/// kept; a signature of it is removed. kInvalid, and nothing is written, when a file is no plugin.
Status LockPlugins(const LockOptions& options);

/// Makes NAME.key, for its owner alone, and NAME.pub. kConflict when one of them exists.
Status MakeKey(const std::string& name);

struct SignOptions {
  std::filesystem::path directory;
  std::filesystem::path key;
};
/// Writes plugins.lock.sig.
Status SignLock(const SignOptions& options);

struct VerifyOptions {
  std::filesystem::path directory;
  std::string keys;  ///< A *.pub file or a directory of them; empty: no signature is asked for.
};
/// Prints what a worker that enforces trust would do with each file. kInvalid when it would refuse
/// one, or when one that is listed is missing.
Status VerifyPlugins(const VerifyOptions& options);

/// Prints what a file says about itself.
Status InspectPlugin(const std::filesystem::path& file, bool json);

}  // namespace dsw
