// SPDX-License-Identifier: Apache-2.0
#include "host/runner/seccomp.h"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace dsw::runner {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "the filter has to know this architecture"
#endif

constexpr std::uint32_t kNumber = offsetof(seccomp_data, nr);

/// The low half of an argument; both architectures are little-endian.
constexpr std::uint32_t Argument(int index) {
  return static_cast<std::uint32_t>(offsetof(seccomp_data, args) +
                                    static_cast<std::size_t>(index) * sizeof(std::uint64_t));
}

constexpr std::uint32_t Refuse(int error) {
  return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error);
}

/// Builds the filter as one rule after another, each of which reads the call's number first.
class Filter {
 public:
  Filter() {
    Load(offsetof(seccomp_data, arch));
    Jump(BPF_JEQ, kArchitecture, 1, 0);
    Return(SECCOMP_RET_KILL_PROCESS);
#if defined(__x86_64__)
    // The calls of the x32 ABI, which nothing here has.
    Load(kNumber);
    Jump(BPF_JGE, 0x40000000, 0, 1);
    Return(Refuse(ENOSYS));
#endif
  }

  void Deny(std::initializer_list<long> calls, int error) {
    for (const long call : calls) {
      Load(kNumber);
      Jump(BPF_JEQ, static_cast<std::uint32_t>(call), 0, 1);
      Return(Refuse(error));
    }
  }
  /// Denies `call` when its argument has any of `bits`.
  void DenyBits(long call, int argument, std::uint32_t bits, int error) {
    Load(kNumber);
    Jump(BPF_JEQ, static_cast<std::uint32_t>(call), 0, 3);
    Load(Argument(argument));
    Jump(BPF_JSET, bits, 0, 1);
    Return(Refuse(error));
  }
  /// Denies `call` unless its argument has one of `bits`.
  void DenyWithoutBits(long call, int argument, std::uint32_t bits, int error) {
    Load(kNumber);
    Jump(BPF_JEQ, static_cast<std::uint32_t>(call), 0, 3);
    Load(Argument(argument));
    Jump(BPF_JSET, bits, 1, 0);
    Return(Refuse(error));
  }
  /// Denies `call` unless its argument is `value`.
  void DenyOthers(long call, int argument, std::uint32_t value, int error) {
    Load(kNumber);
    Jump(BPF_JEQ, static_cast<std::uint32_t>(call), 0, 3);
    Load(Argument(argument));
    Jump(BPF_JEQ, value, 1, 0);
    Return(Refuse(error));
  }

  bool Install() {
    Return(SECCOMP_RET_ALLOW);
    const sock_fprog program{static_cast<unsigned short>(code_.size()), code_.data()};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
  }

 private:
  void Add(int code, std::uint32_t value, std::uint8_t yes, std::uint8_t no) {
    code_.push_back({static_cast<std::uint16_t>(code), yes, no, value});
  }
  void Load(std::uint32_t offset) {
    Add(BPF_LD | BPF_W | BPF_ABS, offset, 0, 0);
  }
  void Jump(int test, std::uint32_t value, std::uint8_t yes, std::uint8_t no) {
    Add(BPF_JMP | test | BPF_K, value, yes, no);
  }
  void Return(std::uint32_t action) {
    Add(BPF_RET | BPF_K, action, 0, 0);
  }

  std::vector<sock_filter> code_;
};

void DenyOtherProcesses(Filter& filter) {
  const auto self = static_cast<std::uint32_t>(getpid());
  filter.Deny(
      {SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp,
       SYS_pidfd_open, SYS_pidfd_getfd, SYS_pidfd_send_signal, SYS_rt_sigqueueinfo,
       SYS_rt_tgsigqueueinfo, SYS_tkill, SYS_setpriority, SYS_setsid, SYS_setpgid},
      EPERM);
  filter.DenyOthers(SYS_kill, 0, self, EPERM);
  filter.DenyOthers(SYS_tgkill, 0, self, EPERM);
  filter.DenyOthers(SYS_prlimit64, 0, 0, EPERM);
  // What clone3 is asked for lies in memory; the C library then takes clone.
  filter.Deny({SYS_clone3}, ENOSYS);
  filter.DenyWithoutBits(SYS_clone, 0, CLONE_THREAD, EPERM);
#if defined(__x86_64__)
  filter.Deny({SYS_fork, SYS_vfork}, EPERM);
#endif
}

void DenyTheMachine(Filter& filter) {
  filter.Deny({SYS_mount,
               SYS_umount2,
               SYS_pivot_root,
               SYS_chroot,
               SYS_setns,
               SYS_unshare,
               SYS_init_module,
               SYS_finit_module,
               SYS_delete_module,
               SYS_kexec_load,
               SYS_reboot,
               SYS_swapon,
               SYS_swapoff,
               SYS_sethostname,
               SYS_setdomainname,
               SYS_settimeofday,
               SYS_clock_settime,
               SYS_adjtimex,
               SYS_clock_adjtime,
               SYS_acct,
               SYS_quotactl,
               SYS_syslog,
               SYS_bpf,
               SYS_perf_event_open,
               SYS_userfaultfd,
               SYS_add_key,
               SYS_request_key,
               SYS_keyctl,
               SYS_open_by_handle_at,
               SYS_name_to_handle_at,
               SYS_fanotify_init,
               SYS_move_mount,
               SYS_open_tree,
               SYS_fsopen,
               SYS_fsconfig,
               SYS_fsmount,
               SYS_shmget,
               SYS_shmat,
               SYS_msgget,
               SYS_semget,
               SYS_mq_open,
               SYS_setuid,
               SYS_setgid,
               SYS_setresuid,
               SYS_setresgid,
               SYS_setgroups},
              EPERM);
  // They would do what they are asked past this filter.
  filter.Deny({SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register}, ENOSYS);
}

void DenyNetwork(Filter& filter) {
  filter.Deny({SYS_socket, SYS_connect, SYS_bind, SYS_listen, SYS_accept, SYS_accept4}, EACCES);
}

void DenyWriting(Filter& filter) {
  constexpr std::uint32_t kWrites = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND;
  filter.DenyBits(SYS_openat, 2, kWrites, EACCES);
  // Its flags lie in memory; the C library does not need it.
  filter.Deny({SYS_openat2}, ENOSYS);
  filter.Deny({SYS_unlinkat,  SYS_renameat,    SYS_renameat2,    SYS_mkdirat,      SYS_mknodat,
               SYS_linkat,    SYS_symlinkat,   SYS_truncate,     SYS_fchmod,       SYS_fchmodat,
               SYS_fchown,    SYS_fchownat,    SYS_utimensat,    SYS_setxattr,     SYS_lsetxattr,
               SYS_fsetxattr, SYS_removexattr, SYS_lremovexattr, SYS_fremovexattr, SYS_fallocate},
              EACCES);
#if defined(__x86_64__)
  filter.DenyBits(SYS_open, 1, kWrites, EACCES);
  filter.Deny({SYS_creat, SYS_unlink, SYS_rename, SYS_mkdir, SYS_rmdir, SYS_mknod, SYS_link,
               SYS_symlink, SYS_chmod, SYS_chown, SYS_lchown, SYS_utime, SYS_utimes},
              EACCES);
#endif
}

}  // namespace

bool InstallFilter(bool files, bool net) {
  Filter filter;
  DenyOtherProcesses(filter);
  DenyTheMachine(filter);
  if (!net) DenyNetwork(filter);
  if (!files) DenyWriting(filter);
  // Memory that shows in no count of the process's.
  if (!files) filter.Deny({SYS_memfd_create}, EPERM);
  return filter.Install();
}

}  // namespace dsw::runner
