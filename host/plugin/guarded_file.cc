// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/guarded_file.h"

#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace dsw {
namespace {

namespace fs = std::filesystem;

constexpr off_t kLargestFile = off_t{1} << 30;
constexpr mode_t kWritableByOthers = S_IWGRP | S_IWOTH;
constexpr int kDirectoryFlags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

tl::unexpected<Error> Unreadable(int error) {
  return Fail(Code::kInvalid, "cannot be read: " + std::generic_category().message(error));
}

bool WritableByOthers(const struct stat& facts) {
  return (facts.st_mode & kWritableByOthers) != 0;
}

bool OnlyRootChanges(const struct stat& facts) {
  return facts.st_uid == 0 && !WritableByOthers(facts);
}

Status CheckOwner(std::string_view what, const fs::path& path, const struct stat& facts) {
  if (geteuid() != 0 || facts.st_uid == 0) return {};
  return Fail(Code::kInvalid,
              fmt::format("{} belongs to uid {}, and a worker that runs as root trusts root alone; "
                          "run: chown root {}",
                          what, facts.st_uid, path.string()));
}

Status CheckMode(std::string_view what, const fs::path& path, const struct stat& facts) {
  if (!WritableByOthers(facts)) return {};
  return Fail(Code::kInvalid,
              fmt::format("{} can be changed by others (mode {:04o}); run: chmod go-w {}", what,
                          facts.st_mode & 07777u, path.string()));
}

/// Nobody but root and this process's user can rename or remove `entry` of `directory`.
bool KeptBySticky(const struct stat& directory, const struct stat& entry) {
  return (directory.st_mode & S_ISVTX) != 0 && directory.st_uid == 0 &&
         (entry.st_uid == 0 || entry.st_uid == geteuid());
}

Status CheckAbove(const fs::path& path, const struct stat& facts, const struct stat& entry) {
  const std::string what = fmt::format("{}, which leads to it,", path.string());
  RETURN_IF_ERROR(CheckOwner(what, path, facts));
  return KeptBySticky(facts, entry) ? Status() : CheckMode(what, path, facts);
}

struct GuardedDirectory {
  FileDescriptor fd;
  struct stat facts {};
  bool immutable = true;  ///< As of GuardedFile, for what is above the directory.
};

/// Opens a directory and checks those above it, but not the directory itself.
Result<GuardedDirectory> OpenDirectory(const fs::path& path) {
  GuardedDirectory at;
  at.fd = FileDescriptor(open("/", kDirectoryFlags));
  if (at.fd.get() < 0 || fstat(at.fd.get(), &at.facts) != 0) return Unreadable(errno);
  fs::path walked = "/";
  for (const fs::path& part : path.relative_path()) {
    FileDescriptor next(openat(at.fd.get(), part.c_str(), kDirectoryFlags));
    struct stat facts {};
    if (next.get() < 0 || fstat(next.get(), &facts) != 0) return Unreadable(errno);
    RETURN_IF_ERROR(CheckAbove(walked, at.facts, facts));
    at.immutable = at.immutable && OnlyRootChanges(at.facts);
    at.fd = std::move(next);
    at.facts = facts;
    walked /= part;
  }
  return at;
}

/// Opens one name of a directory, and nothing that a link there points to. Kernels before 5.6 and
/// some sandboxes lack openat2, whose rules add nothing for a name without a slash.
int OpenBeneath(int directory, const char* name) {
  // Non-blocking, so that a named pipe does not hold up the scan.
  constexpr int kFlags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  open_how how{};
  how.flags = kFlags;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const long fd = syscall(SYS_openat2, directory, name, &how, sizeof how);
  if (fd >= 0 || (errno != ENOSYS && errno != EPERM)) return static_cast<int>(fd);
  return openat(directory, name, kFlags);
}

}  // namespace

Result<GuardedFile> OpenGuarded(const fs::path& path) {
  ASSIGN_OR_RETURN(const GuardedDirectory directory, OpenDirectory(path.parent_path()));
  GuardedFile file;
  file.fd = FileDescriptor(OpenBeneath(directory.fd.get(), path.filename().c_str()));
  if (file.fd.get() < 0 || fstat(file.fd.get(), &file.facts) != 0) return Unreadable(errno);
  if (!S_ISREG(file.facts.st_mode)) return Fail(Code::kInvalid, "is not a regular file");
  if (file.facts.st_size > kLargestFile) return Fail(Code::kInvalid, "is larger than 1 GiB");
  if ((file.facts.st_mode & (S_ISUID | S_ISGID)) != 0) {
    return Fail(Code::kInvalid, fmt::format("is setuid or setgid (mode {:04o}); run: chmod ug-s {}",
                                            file.facts.st_mode & 07777u, path.string()));
  }
  RETURN_IF_ERROR(CheckOwner("the file", path, file.facts));
  RETURN_IF_ERROR(CheckMode("the file", path, file.facts));
  RETURN_IF_ERROR(CheckOwner("its directory", path.parent_path(), directory.facts));
  RETURN_IF_ERROR(CheckMode("its directory", path.parent_path(), directory.facts));
  file.immutable =
      directory.immutable && OnlyRootChanges(directory.facts) && OnlyRootChanges(file.facts);
  return file;
}

Result<GuardedFile> OpenGuardedLink(const fs::path& directory, const std::string& name,
                                    fs::path& path) {
  std::error_code error;
  path = fs::canonical(directory / name, error);
  if (error) return Fail(Code::kInvalid, "cannot be read: " + error.message());
  if (path == directory / name) return OpenGuarded(path);

  ASSIGN_OR_RETURN(const GuardedDirectory holder, OpenDirectory(directory));
  struct stat link {};
  if (fstatat(holder.fd.get(), name.c_str(), &link, AT_SYMLINK_NOFOLLOW) != 0) {
    return Unreadable(errno);
  }
  RETURN_IF_ERROR(CheckAbove(directory, holder.facts, link));
  return OpenGuarded(path);
}

Result<std::string> ReadAll(int fd, std::size_t size) {
  std::string content(size, '\0');
  std::size_t at = 0;
  while (at < size) {
    const ssize_t count = pread(fd, content.data() + at, size - at, static_cast<off_t>(at));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Unreadable(errno);
    if (count == 0) return Fail(Code::kInvalid, "changed while it was read");
    at += static_cast<std::size_t>(count);
  }
  return content;
}

}  // namespace dsw
