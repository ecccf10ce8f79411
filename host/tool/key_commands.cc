// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <cstdio>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/file_descriptor.h"
#include "host/plugin/guarded_file.h"
#include "host/plugin/signing.h"
#include "host/tool/commands.h"
#include "host/tool/scan.h"

namespace dsw {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLargestKey = 64 * 1024;

Status WriteNewFile(const std::string& path, std::string_view content, mode_t mode) {
  const FileDescriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (file.get() < 0 && errno == EEXIST) {
    return Fail(Code::kConflict, path +
                                     ": exists, and a key is never overwritten; take another "
                                     "name, or move the old one away");
  }
  const auto size = static_cast<ssize_t>(content.size());
  if (file.get() < 0 || fchmod(file.get(), mode) != 0 ||
      write(file.get(), content.data(), content.size()) != size || fsync(file.get()) != 0) {
    return Fail(Code::kUnavailable, fmt::format("{}: cannot be written: {}", path,
                                                std::generic_category().message(errno)));
  }
  return {};
}

/// May be a pipe, as of a program that has the key.
Result<std::string> ReadSecret(const fs::path& path) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat facts {};
  if (file.get() < 0 || fstat(file.get(), &facts) != 0) {
    return Fail(Code::kNotFound, "cannot be read: " + std::generic_category().message(errno));
  }
  if (S_ISREG(facts.st_mode) && (facts.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return Fail(Code::kInvalid,
                fmt::format("can be read by others (mode {:04o}), who could sign with it; run: "
                            "chmod 600 {}",
                            facts.st_mode & 07777u, path.string()));
  }
  std::string content(kLargestKey, '\0');
  std::size_t size = 0;
  while (size < content.size()) {
    const ssize_t count = read(file.get(), content.data() + size, content.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      return Fail(Code::kInvalid, "cannot be read: " + std::generic_category().message(errno));
    }
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  content.resize(size);
  return content;
}

}  // namespace

Status MakeKey(const std::string& name) {
  const std::string secret = name + ".key";
  const std::string open = name + ".pub";
  std::error_code error;
  if (fs::exists(open, error)) {
    return Fail(Code::kConflict, open +
                                     ": exists, and a key is never overwritten; take another "
                                     "name, or move the old one away");
  }
  ASSIGN_OR_RETURN(const KeyPair pair, MakeKeyPair());
  RETURN_IF_ERROR(WriteNewFile(secret, pair.private_pem, 0600));
  RETURN_IF_ERROR(WriteNewFile(open, pair.public_pem, 0644));
  fmt::print("{}: signs, keep it where no worker is\n{}: for PLUGIN_TRUSTED_KEYS of the workers\n",
             secret, open);
  return {};
}

Status SignLock(const SignOptions& options) {
  ASSIGN_OR_RETURN(const fs::path directory, ResolveDirectory(options.directory));
  const fs::path path = directory / kLockName;
  const Result<std::string> text = ReadExposed(path, kLargestLock);
  if (!text) {
    return Fail(Code::kNotFound,
                fmt::format("{}: there is nothing to sign: {}; run: dsw-plugin lock {}",
                            path.string(), text.error().message, directory.string()));
  }
  const Result<PluginLock> lock = ParsePluginLock(*text);
  if (!lock) return Fail(Error(lock.error()).Context(path.string()));
  const Result<std::string> pem = ReadSecret(options.key);
  Result<SigningKey> key = pem ? ParsePrivateKey(*pem) : Fail(pem.error());
  if (!key) {
    return Fail(std::move(key).error().Context(options.key.string() +
                                               " (dsw-plugin keygen NAME makes NAME.key)"));
  }
  ASSIGN_OR_RETURN(const std::string signature, Sign(*key, *text));
  RETURN_IF_ERROR(ReplaceFile(directory / kLockSignatureName, signature));
  fmt::print("{}: written, for {} {}\n", (directory / kLockSignatureName).string(),
             lock->entries.size(), lock->entries.size() == 1 ? "plugin" : "plugins");
  WarnIfExposed(path);
  return {};
}

}  // namespace dsw
