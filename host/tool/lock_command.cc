// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <system_error>

#include <fmt/format.h>

#include "host/plugin/loader.h"
#include "host/plugin/negotiation.h"
#include "host/plugin/plugin_file.h"
#include "host/tool/commands.h"
#include "host/tool/scan.h"

namespace dsw {
namespace {

namespace fs = std::filesystem;

/// The lock that is there; an empty one when there is none.
Result<PluginLock> EarlierLock(const fs::path& directory) {
  const fs::path path = directory / kLockName;
  std::error_code error;
  if (!fs::exists(path, error)) return PluginLock();
  const Result<std::string> text = ReadExposed(path, kLargestLock);
  Result<PluginLock> lock = text ? ParsePluginLock(*text) : Fail(text.error());
  if (!lock) {
    return Fail(std::move(lock).error().Context(path.string() + " (remove it to start anew)"));
  }
  return lock;
}

Result<LockEntry> Describe(const fs::path& path) {
  const std::string name = path.filename().string();
  ASSIGN_OR_RETURN(const PluginFile file, ReadPluginFile(path.parent_path(), name));
  ASSIGN_OR_RETURN(const Manifest manifest, ReadManifest(file.image));
  RETURN_IF_ERROR(CheckAbi(manifest));
  return LockEntry{.sha256 = file.sha256,
                   .file = name,
                   .id = manifest.id,
                   .version = manifest.version,
                   .mode = PluginMode::kAny,
                   .grants = {}};
}

}  // namespace

Status LockPlugins(const LockOptions& options) {
  ASSIGN_OR_RETURN(const fs::path directory, ResolveDirectory(options.directory));
  ASSIGN_OR_RETURN(const PluginLock earlier, EarlierLock(directory));
  ASSIGN_OR_RETURN(const std::vector<fs::path> paths, PluginFilesIn(directory));
  if (paths.empty()) {
    return Fail(Code::kNotFound, directory.string() + ": has no file that ends in .so");
  }
  PluginLock lock;
  for (const fs::path& path : paths) {
    Result<LockEntry> entry = Describe(path);
    if (!entry) {
      return Fail(std::move(entry).error().Context("nothing was written: " + path.string()));
    }
    const LockEntry* known = earlier.Find(entry->file);
    entry->mode = known == nullptr ? options.mode : known->mode;
    if (known != nullptr) entry->grants = known->grants;
    lock.entries.push_back(*std::move(entry));
  }
  ASSIGN_OR_RETURN(const std::string text, FormatPluginLock(lock));
  // First, so that no lock stands beside a signature of another.
  std::error_code error;
  const bool signed_before = fs::remove(directory / kLockSignatureName, error);
  RETURN_IF_ERROR(ReplaceFile(directory / kLockName, text));
  fmt::print("{}: {} {}\n", (directory / kLockName).string(), lock.entries.size(),
             lock.entries.size() == 1 ? "plugin" : "plugins");
  WarnIfExposed(directory / kLockName);
  if (signed_before) {
    fmt::print("The earlier signature is gone; run: dsw-plugin sign {} --key NAME.key\n",
               directory.string());
  }
  return {};
}

}  // namespace dsw
