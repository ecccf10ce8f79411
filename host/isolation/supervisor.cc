// SPDX-License-Identifier: Apache-2.0
#include "host/isolation/supervisor.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "host/base/log.h"
#include "host/isolation/remote_outcome.h"

namespace dsw {
namespace {

constexpr std::chrono::milliseconds kTick{20};
/// What a call without a deadline waits for a process.
constexpr std::chrono::seconds kUntimed{60};

bool Over(const dsw_call* call, std::uint64_t give_up_ns) {
  if (call != nullptr && call->cancelled(call) != 0) return true;
  const bool has_deadline = call != nullptr && call->deadline_mono_ns != 0;
  return MonotonicNanoseconds() >= (has_deadline ? call->deadline_mono_ns : give_up_ns);
}

}  // namespace

std::uint32_t LogLevelsOf(const dsw_host& host) {
  std::uint32_t levels = 0;
  for (const std::int32_t level :
       {DSW_LOG_TRACE, DSW_LOG_DEBUG, DSW_LOG_INFO, DSW_LOG_WARN, DSW_LOG_ERROR}) {
    if (host.log_enabled(&host, level) != 0) levels |= 1u << level;
  }
  return levels;
}

Status Supervisor::Load(const Version& version, RunnerProcess& process) const {
  const std::uint32_t levels = LogLevelsOf(*version.options.host);
  const std::string_view content(reinterpret_cast<const char*>(&levels), sizeof levels);
  ASSIGN_OR_RETURN(const std::string failure, process.Ask(wire::Kind::kOpen, content, {}, limit_));
  if (!failure.empty()) return Fail(Code::kInvalid, "cannot be loaded: " + failure);
  return {};
}

Status Supervisor::Open() {
  ASSIGN_OR_RETURN(current_, RunnerProcess::Start(version_->options));
  generation_ = 1;
  Status status = Load(*version_, *current_);
  if (!status && status.error().code != Code::kInvalid) {
    return Fail(Code::kInvalid, "cannot be loaded: " + status.error().message);
  }
  return status;
}

Result<std::string> Supervisor::Enter() {
  ASSIGN_OR_RETURN(version_->table, current_->Ask(wire::Kind::kEntry, {}, {}, limit_));
  return version_->table;
}

Result<std::string> Supervisor::Initialise() {
  version_->has_init = true;
  return current_->Ask(wire::Kind::kInit, {}, {}, limit_);
}

void Supervisor::ShutDown(bool tell) {
  std::shared_ptr<RunnerProcess> process;
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    process = std::move(current_);
  }
  if (process == nullptr) return;
  if (tell && process->alive()) (void)process->Ask(wire::Kind::kShutdown, {}, {}, limit_);
}

Result<std::shared_ptr<RunnerProcess>> Supervisor::StartAgain(const Version& version) const {
  ASSIGN_OR_RETURN(std::shared_ptr<RunnerProcess> process, RunnerProcess::Start(version.options));
  RETURN_IF_ERROR(Load(version, *process));
  ASSIGN_OR_RETURN(const std::string table, process->Ask(wire::Kind::kEntry, {}, {}, limit_));
  if (table != version.table) {
    return Fail(Code::kUnavailable, "the plugin is another one each time it is started");
  }
  if (version.has_init) {
    ASSIGN_OR_RETURN(const std::string outcome, process->Ask(wire::Kind::kInit, {}, {}, limit_));
    wire::Reader reader(outcome);
    RemoteOutcome init;
    if (!init.Read(reader) || !init.ok()) {
      return Fail(Code::kUnavailable, "the plugin's init failed when it was started again");
    }
  }
  return process;
}

void Supervisor::NoteDeath(const std::string& how) {
  const bool before = deaths_.quarantined();
  last_death_ = how;
  current_.reset();
  deaths_.Died(std::chrono::steady_clock::now());
  if (before || !deaths_.quarantined()) return;
  Log(LogLevel::kError, "plugin",
      "a plugin is quarantined: its process died too often and served no call in between; mend or "
      "replace the file, then `worker-datasets plugins release`",
      {{"plugin", version_->options.name},
       {"sha256", version_->options.sha256},
       {"reason", last_death_}});
}

Error Supervisor::WhyNot() const {
  Error error{.code = Code::kUnavailable, .message = last_death_};
  if (deaths_.quarantined()) {
    error.message =
        fmt::format("quarantined after {} deaths (`worker-datasets plugins release`); {}",
                    DeathRecord::kMost, last_death_);
  } else if (last_death_.empty()) {
    error.message = "no slot became free";
  }
  return error;
}

void Supervisor::TakeStarted(Result<std::shared_ptr<RunnerProcess>> started) {
  if (started) {
    current_ = *std::move(started);
    ++generation_;
    ++restarts_;
    Log(LogLevel::kInfo, "plugin", "plugin process started again",
        {{"plugin", version_->options.name}});
    return;
  }
  Log(LogLevel::kError, "plugin", "plugin process cannot be started again",
      {{"plugin", version_->options.name}, {"reason", started.error().message}});
  if (started.error().origin == Origin::kWorker) {
    last_death_ = started.error().message;
    deaths_.NotStarted(std::chrono::steady_clock::now());
  } else {
    NoteDeath(started.error().message);
  }
}

Result<SlotLease> Supervisor::Acquire(const dsw_call* call) {
  const std::uint64_t give_up_ns =
      MonotonicNanoseconds() +
      static_cast<std::uint64_t>(std::chrono::nanoseconds(kUntimed).count());
  std::unique_lock lock(mutex_);
  while (!ended_ && !deaths_.quarantined()) {
    if (current_ != nullptr) {
      const std::shared_ptr<RunnerProcess> process = current_;
      const std::uint64_t generation = generation_;
      lock.unlock();
      Result<std::unique_ptr<Slot>> slot = std::unique_ptr<Slot>();
      if (process->alive()) slot = process->TakeSlot();
      if (slot && *slot != nullptr) return SlotLease{process, generation, *std::move(slot)};
      const bool dead = !process->alive();
      const std::string how = dead ? process->DeathText() : std::string();
      lock.lock();
      if (dead && current_ == process) NoteDeath(how);
      if (!dead && !slot) return Fail(std::move(slot).error());
    } else if (!starting_ && std::chrono::steady_clock::now() >= deaths_.next_start()) {
      starting_ = true;
      const std::shared_ptr<const Version> version = version_;
      lock.unlock();
      Result<std::shared_ptr<RunnerProcess>> started = StartAgain(*version);
      lock.lock();
      starting_ = false;
      changed_.notify_all();
      // Another version may have come meanwhile.
      if (version == version_) TakeStarted(std::move(started));
      lock.unlock();
      started = std::shared_ptr<RunnerProcess>();  // Ends the process, if nobody took it.
      lock.lock();
      continue;
    }
    if (Over(call, give_up_ns)) break;
    changed_.wait_for(lock, kTick);
  }
  return Fail(WhyNot());
}

SlotLease Supervisor::AcquireOf(std::uint64_t generation) {
  std::shared_ptr<RunnerProcess> process;
  {
    const std::lock_guard lock(mutex_);
    if (generation != generation_ || current_ == nullptr) return {};
    process = current_;
  }
  if (!process->alive()) return {};
  Result<std::unique_ptr<Slot>> slot = process->TakeSlot();
  if (!slot || *slot == nullptr) return {};
  return {process, generation, *std::move(slot)};
}

std::string Supervisor::Finish(SlotLease lease, Slot::End end, bool useful) {
  const bool whole = end == Slot::End::kDone || end == Slot::End::kTooLarge;
  std::string how;
  if (whole) {
    lease.process->ReturnSlot(std::move(lease.slot));
  } else {
    if (end == Slot::End::kOverdue) lease.process->Kill("ended, since a call did not return");
    if (end == Slot::End::kBroken) lease.process->Kill("ended, since it broke the protocol");
    how = lease.process->DeathText();
    // The plugin closed the connection of a call.
    if (lease.process->alive()) lease.process->Kill("ended, since a connection broke");
    lease.process->DropSlot(std::move(lease.slot));
  }
  const std::lock_guard lock(mutex_);
  if (lease.generation == generation_ && current_ == lease.process) {
    if (useful && end == Slot::End::kDone) deaths_.Served();
    if (!whole) NoteDeath(how);
  }
  changed_.notify_all();
  return how;
}

void Supervisor::TakeOver(Supervisor& newer) {
  std::shared_ptr<RunnerProcess> older;  // Is let go without a lock.
  const std::scoped_lock lock(mutex_, newer.mutex_);
  older = std::exchange(current_, std::move(newer.current_));
  version_ = newer.version_;
  newer.ended_ = true;
  ++generation_;
  deaths_.Clear();
  changed_.notify_all();
}

ProcessStatus Supervisor::Look() {
  const std::lock_guard lock(mutex_);
  using State = ProcessStatus::State;
  const bool running = current_ != nullptr && current_->alive();
  return {.state = deaths_.quarantined() ? State::kQuarantined
                   : running             ? State::kRunning
                                         : State::kDown,
          .pid = running ? current_->pid() : -1,
          .restarts = restarts_,
          .memory = running ? current_->memory() : 0,
          .last_death = last_death_};
}

bool Supervisor::Release() {
  const std::lock_guard lock(mutex_);
  const bool quarantined = deaths_.quarantined();
  if (quarantined) deaths_.Clear();
  return quarantined;
}

}  // namespace dsw
