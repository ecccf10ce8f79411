// SPDX-License-Identifier: Apache-2.0
//
// plugins.lock: which files of a plugin directory may be loaded, as text for people to review and
// to sign. A line for each file, its fields separated by blanks:
//
//     SHA256 FILE ID VERSION MODE GRANTS
//
// MODE is inproc, isolated or any; GRANTS a list with commas, or - for none. Empty lines and lines
// that start with # are passed over.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/base/result.h"

namespace dsw {

inline constexpr const char* kLockName = "plugins.lock";
inline constexpr const char* kLockSignatureName = "plugins.lock.sig";
inline constexpr std::size_t kLargestLock = 1024 * 1024;

/// Where the code of a plugin may run.
enum class PluginMode { kAny, kInProcess, kIsolated };

/// "any", "inproc" or "isolated".
std::string_view ModeName(PluginMode mode);

struct LockEntry {
  std::string sha256;  ///< Lower-case hexadecimal.
  std::string file;    ///< Name in the directory.
  std::string id;
  std::string version;
  PluginMode mode = PluginMode::kAny;
  std::vector<std::string> grants;
  friend bool operator==(const LockEntry&, const LockEntry&) = default;
};

struct PluginLock {
  std::vector<LockEntry> entries;  ///< No two of the same file.

  /// Null when the file is not listed.
  const LockEntry* Find(std::string_view file) const;
};

/// kInvalid, with the number of the line, for text that is not a lock.
Result<PluginLock> ParsePluginLock(std::string_view text);

/// The text of a lock. kInvalid for a field that cannot be one: it is empty or has blanks in it.
Result<std::string> FormatPluginLock(const PluginLock& lock);

/// Whether `text` is the SHA-256 of something, in lower-case hexadecimal.
bool IsSha256(std::string_view text);

}  // namespace dsw
