// SPDX-License-Identifier: Apache-2.0
//
// Which plugin files may be loaded: those that nobody denies, and that the plugins.lock beside them
// vouches for. Decided from hashes and from who else could have changed the files.
//
// An unsigned lock is worth what its directory is: nothing that others can change is relied on. A
// signed one vouches for bytes, and with it the place of the files does not matter.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/result.h"
#include "host/domain/plugin_trust.h"
#include "host/plugin/plugin_file.h"
#include "host/plugin/plugin_lock.h"
#include "host/plugin/signing.h"

namespace dsw {

struct TrustOptions {
  PluginTrust mode = PluginTrust::kAuto;
  std::string trusted_keys;  ///< A *.pub file or a directory of them. Empty: none are asked for.
  std::string deny;          ///< SHA-256 sums with commas between, or a file with one a line.
};

/// What holds for all directories.
struct TrustPolicy {
  /// kInvalid, naming the setting, when keys or sums cannot be read.
  static Result<TrustPolicy> Create(const TrustOptions& options);

  PluginTrust mode = PluginTrust::kAuto;
  std::vector<TrustedKey> keys;  ///< If there are any, a lock must be signed with one of them.
  std::set<std::string, std::less<>> denied;
};

struct TrustVerdict {
  bool refused = false;
  /// What is against the file, with the way out; of one that is not refused, what is to be warned
  /// of. Empty when nothing is.
  std::string reason;
  const LockEntry* entry = nullptr;  ///< What vouches for it; lives as long as the DirectoryTrust.
};

/// The lock of one directory, read once.
class DirectoryTrust {
 public:
  /// `policy` must outlive this.
  DirectoryTrust(const TrustPolicy& policy, const std::filesystem::path& directory);

  /// `name` is the one that a lock lists.
  TrustVerdict Judge(std::string_view name, const PluginFile& plugin) const;

  /// Whether a file is refused for want of an entry that vouches for it.
  bool enforced() const { return enforced_; }
  /// Why nothing of the lock can be relied on.
  const Status& sound() const { return sound_; }
  const std::vector<LockEntry>& entries() const { return lock_.entries; }
  /// How far the entries of this directory's lock can be relied on: "signed", "locked" or, without
  /// a sound lock, "unlocked".
  std::string_view level() const;
  /// The name of the key that signed the lock; empty when none did.
  const std::string& signer() const { return signer_; }

 private:
  Status ReadLock();
  Status CheckSignature(const std::string& text);
  Result<const LockEntry*> Vouch(std::string_view file, std::string_view sha256) const;
  std::string HowToLock() const;

  const TrustPolicy& policy_;
  const std::filesystem::path directory_;
  bool exists_ = false;
  bool enforced_ = false;
  Status sound_;
  PluginLock lock_;
  std::string signer_;
};

}  // namespace dsw
