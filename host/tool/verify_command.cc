// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>

#include <fmt/format.h>

#include "host/base/utf8.h"
#include "host/plugin/loader.h"
#include "host/plugin/plugin_file.h"
#include "host/plugin/trust.h"
#include "host/tool/commands.h"
#include "host/tool/scan.h"

namespace dsw {
namespace {

namespace fs = std::filesystem;

Status VerifyFile(const DirectoryTrust& trust, const fs::path& path) {
  const std::string name = path.filename().string();
  ASSIGN_OR_RETURN(const PluginFile file, ReadPluginFile(path.parent_path(), name));
  const TrustVerdict verdict = trust.Judge(name, file);
  if (verdict.refused) return Fail(Code::kInvalid, verdict.reason);
  ASSIGN_OR_RETURN(const Manifest manifest, ReadManifest(file.image));
  if (manifest.id != verdict.entry->id || manifest.version != verdict.entry->version) {
    return Fail(Code::kInvalid,
                fmt::format("is {} {}, listed as {} {}", manifest.id, manifest.version,
                            verdict.entry->id, verdict.entry->version));
  }
  fmt::print("ok       {}  {} {} {} ({}{}{})\n", name, manifest.id, manifest.version,
             ModeName(verdict.entry->mode), trust.level(), trust.signer().empty() ? "" : " by ",
             trust.signer());
  return {};
}

}  // namespace

Status VerifyPlugins(const VerifyOptions& options) {
  ASSIGN_OR_RETURN(const fs::path directory, ResolveDirectory(options.directory));
  ASSIGN_OR_RETURN(const TrustPolicy policy,
                   TrustPolicy::Create(
                       {.mode = PluginTrust::kEnforce, .trusted_keys = options.keys, .deny = ""}));
  const DirectoryTrust trust(policy, directory);
  ASSIGN_OR_RETURN(const std::vector<fs::path> paths, PluginFilesIn(directory));
  std::size_t bad = 0;
  for (const fs::path& path : paths) {
    const Status status = VerifyFile(trust, path);
    if (status) continue;
    ++bad;
    fmt::print("refused  {}: {}\n", Visible(path.filename().string()),
               Visible(status.error().message));
  }
  for (const LockEntry& entry : trust.entries()) {
    if (std::find(paths.begin(), paths.end(), directory / entry.file) != paths.end()) continue;
    ++bad;
    fmt::print("missing  {}: is listed, and not there\n", entry.file);
  }
  if (bad > 0) return Fail(Code::kInvalid, fmt::format("{} of the files are not as locked", bad));
  return trust.sound();
}

}  // namespace dsw
