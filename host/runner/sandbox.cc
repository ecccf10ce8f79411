// SPDX-License-Identifier: Apache-2.0
#include "host/runner/sandbox.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "host/isolation/wire.h"
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

/// What the threads of all slots take of RLIMIT_DATA without using it.
constexpr rlim_t kStacks = wire::kMostSlots * (rlim_t{8} << 20);
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

/// Of the processes that use up the machine's memory, this one is to go first.
void OfferToTheKernel() {
  const int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  constexpr std::string_view kScore = "800";
  // Where it cannot be raised, the process is as likely to go as others of its size.
  (void)!write(fd, kScore.data(), kScore.size());
  close(fd);
}

}  // namespace

std::string Confine(const Grants& grants, std::uint64_t memory, int parent) {
  OfferToTheKernel();
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return Failed("PR_SET_NO_NEW_PRIVS");
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return Failed("PR_SET_PDEATHSIG");
  // It may have died before that was set.
  if (getppid() != parent) _exit(0);
  const bool any = grants.files || grants.net;
  if (!Limit(RLIMIT_CORE, 0)) return Failed("RLIMIT_CORE");
  if (!Limit(RLIMIT_NOFILE, any ? kDescriptorsWithGrants : kDescriptors)) {
    return Failed("RLIMIT_NOFILE");
  }
  // Private memory alone: allocations fail, so that the plugin can say so. What it shares with the
  // worker, or with nobody, counts by what it uses, for which the worker looks.
  if (kLimitsMemory && memory != 0 && !Limit(RLIMIT_DATA, memory + kStacks)) {
    return Failed("RLIMIT_DATA");
  }
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
