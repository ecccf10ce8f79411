// SPDX-License-Identifier: Apache-2.0
#include "host/runner/landlock.h"

#include <cerrno>
#include <cstdint>

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace dsw::runner {
namespace {

/// What the first version of Landlock knows, but LANDLOCK_ACCESS_FS_EXECUTE, which seccomp covers.
constexpr std::uint64_t kRead = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t kHandled =
    kRead | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
    LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
    LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
    LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;

struct Readable {
  const char* path;
  bool directory;
  bool net_only;
};
constexpr Readable kReadable[] = {
    {"/usr", true, false},
    {"/lib", true, false},
    {"/lib64", true, false},
    {"/lib32", true, false},
    {"/etc/ld.so.cache", false, false},
    {"/etc/localtime", false, false},
    {"/etc/ssl/certs", true, true},
    {"/etc/resolv.conf", false, true},
    {"/etc/hosts", false, true},
    {"/etc/nsswitch.conf", false, true},
    {"/etc/host.conf", false, true},
    {"/etc/gai.conf", false, true},
    {"/dev/null", false, false},
    {"/dev/zero", false, false},
    {"/dev/random", false, false},
    {"/dev/urandom", false, false},
    {"/sys/devices/system/cpu", true, false},
    {"/proc/cpuinfo", false, false},
    {"/proc/meminfo", false, false},
};

bool Allow(int ruleset, const Readable& readable) {
  const int fd = open(readable.path, O_PATH | O_CLOEXEC);
  if (fd < 0) return true;  // What is not there need not be allowed.
  landlock_path_beneath_attr rule{};
  rule.allowed_access = readable.directory ? kRead : std::uint64_t{LANDLOCK_ACCESS_FS_READ_FILE};
  rule.parent_fd = fd;
  const bool added =
      syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
  close(fd);
  return added;
}

}  // namespace

LandlockResult RestrictFiles(bool net) {
  landlock_ruleset_attr attributes{};
  attributes.handled_access_fs = kHandled;
  const auto ruleset =
      static_cast<int>(syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0));
  if (ruleset < 0) {
    const bool unknown = errno == ENOSYS || errno == EOPNOTSUPP || errno == EPERM;
    return unknown ? LandlockResult::kUnavailable : LandlockResult::kFailed;
  }
  bool whole = true;
  for (const Readable& readable : kReadable) {
    if (!readable.net_only || net) whole = Allow(ruleset, readable) && whole;
  }
  whole = whole && syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
  close(ruleset);
  return whole ? LandlockResult::kDone : LandlockResult::kFailed;
}

}  // namespace dsw::runner
