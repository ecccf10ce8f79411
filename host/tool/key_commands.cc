// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <cstdio>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/plugin/file_descriptor.h"
#include "host/plugin/signing.h"
#include "host/tool/commands.h"
#include "host/tool/scan.h"

namespace dsw {
namespace {

namespace fs = std::filesystem;

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
  Result<std::string> text = ReadWholeFile(path);
  if (!text) {
    return Fail(Code::kNotFound,
                fmt::format("{}: there is nothing to sign; run: dsw-plugin lock {}", path.string(),
                            directory.string()));
  }
  const Result<PluginLock> lock = ParsePluginLock(*text);
  if (!lock) return Fail(Error(lock.error()).Context(path.string()));
  ASSIGN_OR_RETURN(const std::string pem, ReadWholeFile(options.key));
  Result<SigningKey> key = ParsePrivateKey(pem);
  if (!key) {
    return Fail(std::move(key).error().Context(options.key.string() +
                                               " (dsw-plugin keygen NAME makes NAME.key)"));
  }
  ASSIGN_OR_RETURN(const std::string signature, Sign(*key, *text));
  RETURN_IF_ERROR(ReplaceFile(directory / kLockSignatureName, signature));
  fmt::print("{}: written\n", (directory / kLockSignatureName).string());
  return {};
}

}  // namespace dsw
