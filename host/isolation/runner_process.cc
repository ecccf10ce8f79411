// SPDX-License-Identifier: Apache-2.0
#include "host/isolation/runner_process.h"

#include <array>
#include <cerrno>
#include <fstream>
#include <future>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/base/log.h"

namespace dsw {
namespace {

/// What a process gets to leave by itself.
constexpr std::chrono::seconds kLeaveLimit{2};
constexpr std::chrono::seconds kSlotLimit{10};
/// How often its memory is looked at.
constexpr int kLookMs = 200;

tl::unexpected<Error> Failed(std::string_view what, int error) {
  return Fail(Error{.code = Code::kUnavailable,
                    .message = fmt::format("a process for the plugin cannot be started: {}: {}",
                                           what, std::generic_category().message(error)),
                    .origin = Origin::kWorker});
}

std::string Describe(const siginfo_t& info) {
  if (info.si_code == CLD_EXITED) return fmt::format("exited with {}", info.si_status);
  return fmt::format("signal {}", info.si_status);
}

/// Bytes that the process has of the machine's memory; 0 when that cannot be known.
std::uint64_t MemoryOf(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/statm", pid));
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  if (!(file >> total >> resident)) return 0;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

/// A descriptor above those that the program is given, so that placing them hides none.
int Above(int fd) {
  return fcntl(fd, F_DUPFD_CLOEXEC, 64);
}

/// How the program is started.
class SpawnActions {
 public:
  SpawnActions() {
    posix_spawn_file_actions_init(&files_);
    posix_spawnattr_init(&attributes_);
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes_, &signals);
    sigfillset(&signals);
    posix_spawnattr_setsigdefault(&attributes_, &signals);
    posix_spawnattr_setpgroup(&attributes_, 0);
    // In a group of its own: what a terminal sends to the worker is not for it.
    posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO}) {
      posix_spawn_file_actions_addopen(&files_, fd, "/dev/null", O_RDWR, 0);
    }
  }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
  ~SpawnActions() {
    posix_spawn_file_actions_destroy(&files_);
    posix_spawnattr_destroy(&attributes_);
  }
  void Place(int fd, int as) { posix_spawn_file_actions_adddup2(&files_, fd, as); }
  int Spawn(const std::string& program, char* const argv[], pid_t& pid) {
    char* const no_environment[] = {nullptr};
    return posix_spawn(&pid, program.c_str(), &files_, &attributes_, argv, no_environment);
  }

 private:
  posix_spawn_file_actions_t files_;
  posix_spawnattr_t attributes_;
};

}  // namespace

Result<std::shared_ptr<RunnerProcess>> RunnerProcess::Start(const RunnerOptions& options) {
  std::shared_ptr<RunnerProcess> process(new RunnerProcess(options));
  int sockets[2] = {-1, -1};
  int pipes[2] = {-1, -1};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0) {
    return Failed("socketpair", errno);
  }
  process->control_ = sockets[0];
  // A process that does not read must not hold up who writes.
  fcntl(sockets[0], F_SETFL, O_NONBLOCK);
  if (pipe2(pipes, O_CLOEXEC) != 0) {
    const int error = errno;
    close(sockets[1]);
    return Failed("pipe2", error);
  }
  std::promise<Status> started;
  auto outcome = started.get_future();
  // The kernel ends the process with the thread that started it.
  process->watcher_ = std::thread([&started, raw = process.get(), peer = sockets[1],
                                   error_out = pipes[1], error_in = pipes[0]] {
    Status status = raw->Spawn(peer, error_out);
    close(peer);
    close(error_out);
    const bool running = status.has_value();
    started.set_value(std::move(status));
    if (running) raw->Watch(error_in);
    close(error_in);
  });
  Status status = outcome.get();
  if (!status) return Fail(std::move(status).error());
  return process;
}

Status RunnerProcess::Spawn(int peer, int error_pipe) {
  const std::array<int, 3> from = {Above(error_pipe), Above(peer), Above(options_.bytes->get())};
  SpawnActions actions;
  actions.Place(from[0], STDERR_FILENO);
  actions.Place(from[1], wire::kControlFd);
  actions.Place(from[2], wire::kPluginFd);
  const bool http =
      options_.host->get_extension(options_.host, DSW_EXT_HTTP, sizeof DSW_EXT_HTTP - 1) != nullptr;
  std::string program = options_.program.string();
  std::string parent = std::to_string(getpid());
  std::string name = options_.name;
  std::string version(options_.host->version.ptr, options_.host->version.len);
  std::string memory = std::to_string(options_.memory);
  std::string words = fmt::format("{}{}{}", http ? "http " : "", options_.files ? "files " : "",
                                  options_.net ? "net" : "");
  char* const argv[] = {program.data(), parent.data(), name.data(), version.data(),
                        words.data(),   memory.data(), nullptr};
  pid_t pid = -1;
  const int error = actions.Spawn(program, argv, pid);
  for (const int fd : from) {
    if (fd >= 0) close(fd);
  }
  if (error != 0) return Failed(program, error);
  const std::lock_guard lock(mutex_);
  pid_ = pid;
  return {};
}

RunnerProcess::~RunnerProcess() {
  {
    std::unique_lock lock(mutex_);
    leaving_ = true;
    if (control_ >= 0) shutdown(control_, SHUT_RDWR);
    idle_.clear();
    if (pid_ > 0 && !changed_.wait_for(lock, kLeaveLimit, [this] { return dead_; })) {
      kill(pid_, SIGKILL);
    }
  }
  if (watcher_.joinable()) watcher_.join();
  if (control_ >= 0) close(control_);
}

bool RunnerProcess::TakeControlMessage(wire::Datagram& datagram) {
  const wire::Received received = wire::Receive(control_, datagram, false);
  if (received == wire::Received::kNothing) return true;
  if (received == wire::Received::kClosed) return false;
  const std::string_view content(datagram.content, datagram.inline_size);
  const auto kind = static_cast<wire::Kind>(datagram.head.kind);
  if (kind == wire::Kind::kLog) {
    if (!budget_.Take(std::chrono::steady_clock::now())) return true;
    wire::Reader reader(content);
    return ForwardLogLine(*options_.host, nullptr, reader);
  }
  if (kind != wire::Kind::kReply) return false;
  const std::lock_guard lock(mutex_);
  if (reply_complete_ || reply_.size() + content.size() > wire::kLargestTable) return false;
  reply_ += content;
  reply_complete_ = (datagram.head.flags & wire::kMore) == 0;
  changed_.notify_all();
  return true;
}

void RunnerProcess::Watch(int error_pipe) {
  LineCutter lines([this](const std::string& line) { WriteLine(line); });
  wire::Datagram datagram;
  std::array<pollfd, 2> polled = {{{control_, POLLIN, 0}, {error_pipe, POLLIN, 0}}};
  while (polled[0].fd >= 0 || polled[1].fd >= 0) {
    if (poll(polled.data(), polled.size(), kLookMs) < 0) {
      if (errno != EINTR) break;
      continue;
    }
    CheckMemory();
    if (polled[1].revents != 0) {
      char bytes[4096];
      const ssize_t count = read(error_pipe, bytes, sizeof bytes);
      if (count > 0) lines.Add({bytes, static_cast<std::size_t>(count)});
      if (count == 0 || (count < 0 && errno != EINTR)) polled[1].fd = -1;
    }
    if (polled[0].revents != 0 && !TakeControlMessage(datagram)) {
      // It has ended, or may as well.
      polled[0].fd = -1;
      const std::lock_guard lock(mutex_);
      shutdown(control_, SHUT_RDWR);
    }
  }
  lines.Finish();
  SayWhatWasDropped();
  Reap();
}

void RunnerProcess::WriteLine(const std::string& line) {
  if (!budget_.Take(std::chrono::steady_clock::now())) return;
  SayWhatWasDropped();
  Log(LogLevel::kInfo, "plugin", line, {{"plugin", options_.name}, {"stream", "stderr"}});
}

void RunnerProcess::SayWhatWasDropped() {
  const std::uint64_t dropped = budget_.TakeDropped();
  if (dropped == 0) return;
  Log(LogLevel::kWarn, "plugin", "lines of a plugin's process were dropped: it writes too many",
      {{"plugin", options_.name}, {"lines", std::to_string(dropped)}});
}

void RunnerProcess::CheckMemory() {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_look_) return;
  next_look_ = now + std::chrono::milliseconds(kLookMs);
  const std::uint64_t used = MemoryOf(pid_);
  if (used == 0) return;  // It has ended.
  memory_ = used;
  if (options_.memory == 0 || used <= options_.memory) return;
  Kill(fmt::format("ended, since it used {} MiB, more than PLUGIN_MEMORY allows", used >> 20));
}

void RunnerProcess::Reap() {
  siginfo_t info{};
  const auto ended = [&] {
    return waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT | WNOHANG) == 0 &&
           info.si_pid != 0;
  };
  const auto give_up = std::chrono::steady_clock::now() + kLeaveLimit;
  while (!ended() && std::chrono::steady_clock::now() < give_up) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  const std::lock_guard lock(mutex_);
  if (!ended()) kill(pid_, SIGKILL);
  waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED);
  pid_ = -1;
  dead_ = true;
  death_ = "plugin process died: " + (kill_reason_.empty() ? Describe(info) : kill_reason_);
  if (!leaving_) {
    Log(LogLevel::kWarn, "plugin", death_, {{"plugin", options_.name}});
  }
  changed_.notify_all();
}

Result<std::string> RunnerProcess::Ask(wire::Kind kind, std::string_view content,
                                       std::span<const int> fds, std::chrono::milliseconds limit) {
  const std::lock_guard turn(ask_mutex_);
  {
    const std::lock_guard lock(mutex_);
    reply_.clear();
    reply_complete_ = false;
  }
  const wire::Head head{
      .kind = static_cast<std::uint32_t>(kind), .flags = 0, .offset = 0, .size = content.size()};
  if (!wire::Send(control_, head, content, fds)) return Fail(Code::kUnavailable, DeathText());
  std::unique_lock lock(mutex_);
  const auto answered = [this] { return reply_complete_ || dead_; };
  if (!changed_.wait_for(lock, limit, answered)) {
    lock.unlock();
    Kill(fmt::format("did not answer within {} ms", limit.count()));
    return Fail(Code::kTimeout, DeathText());
  }
  if (!reply_complete_) return Fail(Code::kUnavailable, death_);
  return std::move(reply_);
}

bool RunnerProcess::alive() const {
  const std::lock_guard lock(mutex_);
  return !dead_;
}

pid_t RunnerProcess::pid() const {
  const std::lock_guard lock(mutex_);
  return pid_;
}

void RunnerProcess::Kill(std::string_view reason) {
  const std::lock_guard lock(mutex_);
  if (dead_ || pid_ <= 0) return;
  if (kill_reason_.empty()) kill_reason_ = reason;
  kill(pid_, SIGKILL);
}

std::string RunnerProcess::DeathText() const {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, 2 * kLeaveLimit, [this] { return dead_; });
  return dead_ ? death_ : "plugin process died";
}

Result<std::unique_ptr<Slot>> RunnerProcess::TakeSlot() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<Slot> slot = std::move(idle_.back());
      idle_.pop_back();
      return slot;
    }
    if (slots_ == wire::kMostSlots) return std::unique_ptr<Slot>();
    ++slots_;
  }
  const auto make = [this]() -> Result<std::unique_ptr<Slot>> {
    ASSIGN_OR_RETURN(std::unique_ptr<Slot> slot, Slot::Create());
    const auto fds = slot->peer_fds();
    RETURN_IF_ERROR(Ask(wire::Kind::kAddSlot, {}, fds, kSlotLimit));
    slot->ClosePeer();
    return slot;
  };
  Result<std::unique_ptr<Slot>> slot = make();
  if (!slot) DropSlot(nullptr);
  return slot;
}

void RunnerProcess::ReturnSlot(std::unique_ptr<Slot> slot) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(slot));
}

void RunnerProcess::DropSlot(std::unique_ptr<Slot> slot) {
  slot.reset();
  const std::lock_guard lock(mutex_);
  --slots_;
}

}  // namespace dsw
