// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/guarded_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <deque>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <linux/openat2.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace dsw {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kWritableByOthers = S_IWGRP | S_IWOTH;
constexpr int kMostLinks = 40;

tl::unexpected<Error> Unreadable(int error) {
  return Fail(Code::kInvalid, "cannot be read: " + std::generic_category().message(error));
}

bool OnlyRootChanges(const struct stat& facts) {
  return facts.st_uid == 0 && (facts.st_mode & kWritableByOthers) == 0;
}

/// Nobody but root and this process's user can rename or remove `entry` of `directory`.
bool KeptBySticky(const struct stat& directory, const struct stat& entry) {
  return (directory.st_mode & S_ISVTX) != 0 && directory.st_uid == 0 &&
         (entry.st_uid == 0 || entry.st_uid == geteuid());
}

bool MountedReadOnly(int fd) {
  struct statvfs facts {};
  return fstatvfs(fd, &facts) == 0 && (facts.f_flag & ST_RDONLY) != 0;
}

/// What of a path others could change.
class Exposed {
 public:
  /// A file, or a directory in which one is looked up by its last name.
  void AddStrictly(int fd, const fs::path& path, const struct stat& facts) {
    CheckOwner(path, facts);
    CheckMode(fd, path, facts,
              (facts.st_mode & S_IWOTH) != 0 ? Exposure::kOpen : Exposure::kPartly);
  }
  /// A directory above.
  void AddAbove(int fd, const fs::path& path, const struct stat& facts, const struct stat& entry) {
    CheckOwner(path, facts);
    if (!KeptBySticky(facts, entry)) CheckMode(fd, path, facts, Exposure::kPartly);
  }

  Exposure level() const { return level_; }
  std::string Text() const {
    std::vector<std::string> problems;
    if (!writable_.empty()) {
      problems.push_back(fmt::format("{} can be changed by others; run: chmod go-w {}",
                                     fmt::join(described_, " and "), fmt::join(writable_, " ")));
    }
    if (!foreign_.empty()) {
      problems.push_back(
          fmt::format("others than root own {}, and a worker that runs as root trusts root "
                      "alone; run: chown root {}",
                      fmt::join(foreign_, " and "), fmt::join(foreign_, " ")));
    }
    return fmt::format("{}", fmt::join(problems, "; "));
  }

 private:
  void CheckOwner(const fs::path& path, const struct stat& facts) {
    if (geteuid() != 0 || facts.st_uid == 0) return;
    level_ = Exposure::kOpen;
    Note(foreign_, path.string());
  }
  void CheckMode(int fd, const fs::path& path, const struct stat& facts, Exposure level) {
    if ((facts.st_mode & kWritableByOthers) == 0 || MountedReadOnly(fd)) return;
    level_ = std::max(level_, level);
    Note(writable_, path.string());
    Note(described_, fmt::format("{} (mode {:04o})", path.string(), facts.st_mode & 07777u));
  }
  static void Note(std::vector<std::string>& list, std::string text) {
    if (std::find(list.begin(), list.end(), text) == list.end()) list.push_back(std::move(text));
  }

  Exposure level_ = Exposure::kNone;
  std::vector<std::string> writable_;
  std::vector<std::string> described_;
  std::vector<std::string> foreign_;
};

/// What a path leads through.
struct Place {
  FileDescriptor fd;  ///< O_PATH.
  struct stat facts {};
  fs::path path;
};

Result<Place> Look(int directory, const std::string& name, fs::path path) {
  Place place{
      .fd = FileDescriptor(openat(directory, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)),
      .facts = {},
      .path = std::move(path)};
  if (place.fd.get() < 0 || fstat(place.fd.get(), &place.facts) != 0) return Unreadable(errno);
  return place;
}

Result<fs::path> ReadLink(int fd) {
  std::array<char, PATH_MAX> text{};
  const ssize_t size = readlinkat(fd, "", text.data(), text.size());
  if (size < 0) return Unreadable(errno);
  return fs::path(std::string_view(text.data(), static_cast<std::size_t>(size)));
}

struct Found {
  Place directory;
  Place file;
  Exposed exposed;
  bool immutable = true;
};

/// Walks to what is not a directory and not a link. Why not canonical(): it does not tell what it
/// passes, and all of it may be another before the path is used.
Result<Found> Walk(const fs::path& path) {
  Found found;
  Place& at = found.directory;
  ASSIGN_OR_RETURN(at, Look(AT_FDCWD, "/", "/"));
  std::deque<fs::path> rest(path.begin(), path.end());
  for (int links = 0; !rest.empty();) {
    const std::string part = rest.front();
    rest.pop_front();
    if (part.empty() || part == "." || part == "/") continue;
    ASSIGN_OR_RETURN(
        Place next, Look(at.fd.get(), part, part == ".." ? at.path.parent_path() : at.path / part));
    if (rest.empty()) {
      found.exposed.AddStrictly(at.fd.get(), at.path, at.facts);
    } else {
      found.exposed.AddAbove(at.fd.get(), at.path, at.facts, next.facts);
    }
    found.immutable = found.immutable && OnlyRootChanges(at.facts);
    if (S_ISDIR(next.facts.st_mode)) {
      at = std::move(next);
    } else if (S_ISLNK(next.facts.st_mode)) {
      if (++links > kMostLinks) return Unreadable(ELOOP);
      ASSIGN_OR_RETURN(const fs::path target, ReadLink(next.fd.get()));
      rest.insert(rest.begin(), target.begin(), target.end());
      if (target.is_absolute()) {
        ASSIGN_OR_RETURN(at, Look(AT_FDCWD, "/", "/"));
      }
    } else if (rest.empty()) {
      found.file = std::move(next);
      return found;
    } else {
      return Unreadable(ENOTDIR);
    }
  }
  return Fail(Code::kInvalid, "is not a regular file");
}

/// Opens one name of a directory, and nothing that a link there points to. Kernels before 5.6 and
/// some sandboxes lack openat2, whose rules add nothing for a name without a slash.
int OpenBeneath(int directory, const std::string& name) {
  // Non-blocking, so that a named pipe does not hold up the scan.
  constexpr int kFlags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  open_how how{};
  how.flags = kFlags;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const long fd = syscall(SYS_openat2, directory, name.c_str(), &how, sizeof how);
  if (fd >= 0 || (errno != ENOSYS && errno != EPERM)) return static_cast<int>(fd);
  return openat(directory, name.c_str(), kFlags);
}

}  // namespace

Result<GuardedFile> OpenGuarded(const fs::path& path) {
  ASSIGN_OR_RETURN(Found found, Walk(fs::absolute(path)));
  // Looked at before it is opened: the opening of a device is heard by its driver.
  if (!S_ISREG(found.file.facts.st_mode)) return Fail(Code::kInvalid, "is not a regular file");
  GuardedFile file;
  file.path = found.file.path;
  file.fd = FileDescriptor(OpenBeneath(found.directory.fd.get(), file.path.filename()));
  if (file.fd.get() < 0 || fstat(file.fd.get(), &file.facts) != 0) return Unreadable(errno);
  if (file.facts.st_dev != found.file.facts.st_dev ||
      file.facts.st_ino != found.file.facts.st_ino) {
    return Fail(Code::kInvalid, "was replaced while it was looked at; start again");
  }
  if ((file.facts.st_mode & (S_ISUID | S_ISGID)) != 0) {
    return Fail(Code::kInvalid, fmt::format("is setuid or setgid (mode {:04o}); run: chmod ug-s {}",
                                            file.facts.st_mode & 07777u, file.path.string()));
  }
  found.exposed.AddStrictly(file.fd.get(), file.path, file.facts);
  file.immutable = found.immutable && OnlyRootChanges(file.facts);
  file.exposure = found.exposed.level();
  file.exposed = found.exposed.Text();
  return file;
}

Result<std::string> ReadAll(const GuardedFile& file, std::size_t largest) {
  const auto size = static_cast<std::size_t>(file.facts.st_size);
  if (size > largest) {
    return Fail(Code::kInvalid, fmt::format("is larger than {} KiB", largest >> 10));
  }
  std::string content(size, '\0');
  std::size_t at = 0;
  while (at < size) {
    const ssize_t count =
        pread(file.fd.get(), content.data() + at, size - at, static_cast<off_t>(at));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Unreadable(errno);
    if (count == 0) return Fail(Code::kInvalid, "changed while it was read");
    at += static_cast<std::size_t>(count);
  }
  return content;
}

Result<std::string> ReadExposed(const fs::path& path, std::size_t largest) {
  ASSIGN_OR_RETURN(const GuardedFile file, OpenGuarded(path));
  return ReadAll(file, largest);
}

Result<std::string> ReadGuarded(const fs::path& path, std::size_t largest) {
  ASSIGN_OR_RETURN(const GuardedFile file, OpenGuarded(path));
  if (file.exposure != Exposure::kNone) return Fail(Code::kInvalid, file.exposed);
  return ReadAll(file, largest);
}

}  // namespace dsw
