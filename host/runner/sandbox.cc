// SPDX-License-Identifier: Apache-2.0
#include "host/runner/sandbox.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "host/runner/landlock.h"
#include "host/runner/seccomp.h"

namespace dsw::runner {
namespace {

// A sanitizer's shadow is larger than anybody's memory.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kLimitsMemory = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kLimitsMemory = false;
#else
constexpr bool kLimitsMemory = true;
#endif
#else
constexpr bool kLimitsMemory = true;
#endif

/// Arenas and stacks of all slots, and more than any model takes.
constexpr rlim_t kAddressSpace = rlim_t{96} << 30;
/// Two for each slot.
constexpr rlim_t kDescriptors = 256;
constexpr rlim_t kDescriptorsWithGrants = 1024;

bool Limit(int what, rlim_t most) {
  rlimit limit{};
  if (getrlimit(what, &limit) != 0) return false;
  if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < most) most = limit.rlim_max;
  limit = {most, most};
  return setrlimit(what, &limit) == 0;
}

std::string Failed(const char* what) {
  return std::string("cannot be confined: ") + what + ": " + std::strerror(errno);
}

}  // namespace

std::string Confine(const Grants& grants, int parent) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return Failed("PR_SET_NO_NEW_PRIVS");
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return Failed("PR_SET_PDEATHSIG");
  // It may have died before that was set.
  if (getppid() != parent) _exit(0);
  const bool any = grants.files || grants.net;
  if (!Limit(RLIMIT_CORE, 0)) return Failed("RLIMIT_CORE");
  if (!Limit(RLIMIT_NOFILE, any ? kDescriptorsWithGrants : kDescriptors)) {
    return Failed("RLIMIT_NOFILE");
  }
  if (kLimitsMemory && !Limit(RLIMIT_AS, kAddressSpace)) return Failed("RLIMIT_AS");
  // Who may use files names them as the worker does.
  if (!grants.files && chdir("/") != 0) return Failed("chdir");
  if (!grants.files) {
    const LandlockResult result = RestrictFiles(grants.net);
    if (result == LandlockResult::kFailed) return Failed("Landlock");
    if (result == LandlockResult::kUnavailable) {
      std::fputs("this kernel has no Landlock: the plugin can read the worker's files\n", stderr);
    }
  }
  if (!InstallFilter(grants.files, grants.net)) return Failed("seccomp");
  return {};
}

}  // namespace dsw::runner
