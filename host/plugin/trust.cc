// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/trust.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "host/plugin/guarded_file.h"

namespace dsw {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLargestList = 1024 * 1024;

bool Exists(const fs::path& path) {
  std::error_code error;
  return fs::symlink_status(path, error).type() != fs::file_type::not_found;
}

/// The sums of a text with one a line, or several with commas between.
Result<std::set<std::string, std::less<>>> ParseSums(std::string_view text) {
  std::set<std::string, std::less<>> sums;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find_first_of("\n,"));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    line = line.substr(0, line.find('#'));
    const std::size_t start = line.find_first_not_of(" \t\r");
    if (start == std::string_view::npos) continue;
    // What follows is a name, as sha256sum prints it.
    line.remove_prefix(start);
    const std::string_view sum = line.substr(0, line.find_first_of(" \t\r"));
    if (!IsSha256(sum)) {
      return Fail(Code::kInvalid,
                  fmt::format("`{}` is not a SHA-256 sum in lower-case hexadecimal", sum));
    }
    sums.emplace(sum);
  }
  return sums;
}

Result<std::set<std::string, std::less<>>> ReadSums(const std::string& setting) {
  if (setting.empty() || IsSha256(std::string_view(setting).substr(0, setting.find(',')))) {
    return ParseSums(setting);
  }
  ASSIGN_OR_RETURN(const std::string text, ReadGuarded(setting, kLargestList));
  return ParseSums(text);
}

}  // namespace

Result<TrustPolicy> TrustPolicy::Create(const TrustOptions& options) {
  TrustPolicy policy;
  policy.mode = options.mode;
  if (!options.trusted_keys.empty()) {
    Result<std::vector<TrustedKey>> keys = ReadTrustedKeys(options.trusted_keys);
    if (!keys) return Fail(std::move(keys).error().Context("PLUGIN_TRUSTED_KEYS"));
    policy.keys = *std::move(keys);
  }
  auto denied = ReadSums(options.deny);
  if (!denied) {
    return Fail(std::move(denied).error().Context("PLUGIN_DENY (" + options.deny + ")"));
  }
  policy.denied = *std::move(denied);
  return policy;
}

DirectoryTrust::DirectoryTrust(const TrustPolicy& policy, const fs::path& directory)
    : policy_(policy), directory_(directory), exists_(Exists(directory / kLockName)) {
  const bool asked = exists_ || !policy.keys.empty();
  enforced_ = policy.mode == PluginTrust::kEnforce || (policy.mode == PluginTrust::kAuto && asked);
  if (policy.mode != PluginTrust::kOff) sound_ = ReadLock();
}

Status DirectoryTrust::ReadLock() {
  const std::string name = (directory_ / kLockName).string();
  if (!exists_) {
    return Fail(Code::kNotFound,
                fmt::format("nothing vouches for it: there is no {}; run: {}", name, HowToLock()));
  }
  // Of a lock that has to be signed, it is the signature that tells whether others changed it.
  Result<std::string> text =
      policy_.keys.empty() ? ReadGuarded(name, kLargestLock) : ReadExposed(name, kLargestLock);
  if (!text) return Fail(std::move(text).error().Context(name));
  RETURN_IF_ERROR(CheckSignature(*text));
  Result<PluginLock> lock = ParsePluginLock(*text);
  if (!lock) {
    Error error = std::move(lock).error();
    error.message = fmt::format("{}: {}; write it anew: {}", name, error.message, HowToLock());
    return Fail(std::move(error));
  }
  lock_ = *std::move(lock);
  return {};
}

Status DirectoryTrust::CheckSignature(const std::string& text) {
  if (policy_.keys.empty()) return {};
  const std::string name = (directory_ / kLockSignatureName).string();
  const std::string sign = fmt::format(
      "run, with a key that is trusted: dsw-plugin sign {} --key NAME.key", directory_.string());
  if (!Exists(name)) {
    return Fail(Code::kInvalid, fmt::format("{} is not signed, which PLUGIN_TRUSTED_KEYS asks for; "
                                            "{}",
                                            (directory_ / kLockName).string(), sign));
  }
  Result<std::string> signature = ReadExposed(name, kLargestLock);
  if (!signature) return Fail(std::move(signature).error().Context(name));
  const TrustedKey* key = Verify(policy_.keys, text, *signature);
  if (key == nullptr) {
    return Fail(Code::kInvalid,
                fmt::format("{} is not a signature of {} by a trusted key: one of the two was "
                            "changed, or the key is another; {}",
                            name, kLockName, sign));
  }
  signer_ = key->name;
  return {};
}

std::string DirectoryTrust::HowToLock() const {
  const std::string lock = "dsw-plugin lock " + directory_.string();
  if (policy_.keys.empty()) return lock;
  return fmt::format("{}, and then: dsw-plugin sign {} --key NAME.key", lock, directory_.string());
}

std::string_view DirectoryTrust::level() const {
  if (policy_.mode == PluginTrust::kOff || !sound_) return "unlocked";
  return signer_.empty() ? "locked" : "signed";
}

Result<const LockEntry*> DirectoryTrust::Vouch(std::string_view file,
                                               std::string_view sha256) const {
  RETURN_IF_ERROR(Status(sound_));
  const std::string name = (directory_ / kLockName).string();
  const LockEntry* entry = lock_.Find(file);
  if (entry == nullptr) {
    return Fail(Code::kInvalid, fmt::format("is not listed in {}; remove it or, if it is to be "
                                            "there, run: {}",
                                            name, HowToLock()));
  }
  if (entry->sha256 != sha256) {
    return Fail(Code::kInvalid,
                fmt::format("is not the file that {} lists: its sha256 is {}, listed is {}; put "
                            "version {} back or, if the change is wanted, run: {}",
                            name, sha256, entry->sha256, entry->version, HowToLock()));
  }
  return entry;
}

TrustVerdict DirectoryTrust::Judge(std::string_view name, const PluginFile& plugin) const {
  const auto refuse = [](std::string reason) {
    return TrustVerdict{.refused = true, .reason = std::move(reason), .entry = nullptr};
  };
  if (policy_.denied.count(plugin.sha256) != 0) {
    return refuse("is denied by PLUGIN_DENY; remove it, or install another version of it");
  }
  const Result<const LockEntry*> entry = Vouch(name, plugin.sha256);
  // It is known by its bytes, and they are what is loaded: where they lie changes nothing.
  if (entry && !signer_.empty()) return {.refused = false, .reason = "", .entry = *entry};

  const GuardedFile& file = plugin.file;
  const std::string exposed =
      fmt::format("{}; or let a signed {} list it", file.exposed, kLockName);
  if (file.exposure == Exposure::kOpen) return refuse(exposed);
  if (enforced_ && !entry) return refuse(entry.error().message);
  if (enforced_ && file.exposure != Exposure::kNone) return refuse(exposed);
  if (entry) return {.refused = false, .reason = file.exposed, .entry = *entry};
  // Of a worker that nobody told to look for locks, the lack of one is no news.
  const bool told = policy_.mode == PluginTrust::kWarn || exists_;
  const bool news = file.exposed.empty() && told && policy_.mode != PluginTrust::kOff;
  return {
      .refused = false, .reason = news ? entry.error().message : file.exposed, .entry = nullptr};
}

}  // namespace dsw
