// SPDX-License-Identifier: Apache-2.0
#include "tests/support/process.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/loopback.h"
#include "tests/support/temp_dir.h"

extern char** environ;

namespace dsw {
namespace {

[[noreturn]] void Throw(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

/// Everything a child needs, made before fork(): between fork() and exec only system calls are
/// allowed, as other threads may hold any lock.
struct Prepared {
  std::string path;
  std::vector<std::string> env_strings;
  std::vector<char*> argv;
  std::vector<char*> env;
  uid_t uid = 0;
  gid_t gid = 0;
};

std::string FindInPath(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  const char* variable = getenv("PATH");
  std::string rest = variable == nullptr ? "/usr/bin:/bin" : variable;
  rest += ":/usr/sbin:/sbin:";
  for (std::size_t end; (end = rest.find(':')) != std::string::npos; rest.erase(0, end + 1)) {
    std::string candidate = rest.substr(0, end) + "/" + name;
    if (access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  throw std::runtime_error(name + " is not installed (looked in PATH)");
}

std::vector<std::string> MakeEnvironment(const Command& command) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const std::string name = text.substr(0, text.find('='));
    const bool wanted = !command.clear_env || name == "PATH";
    if (wanted && command.env.find(name) == command.env.end()) all.push_back(text);
  }
  for (const auto& [name, value] : command.env) all.push_back(name + "=" + value);
  return all;
}

Prepared Prepare(const Command& command) {
  Prepared made;
  made.path = FindInPath(command.argv.at(0));
  for (const std::string& argument : command.argv) {
    made.argv.push_back(const_cast<char*>(argument.c_str()));
  }
  made.argv.push_back(nullptr);
  made.env_strings = MakeEnvironment(command);
  for (std::string& entry : made.env_strings) made.env.push_back(entry.data());
  made.env.push_back(nullptr);
  if (!command.user.empty() && geteuid() == 0) {
    const passwd* const user = getpwnam(command.user.c_str());
    if (user == nullptr) throw std::runtime_error("there is no user " + command.user);
    made.uid = user->pw_uid;
    made.gid = user->pw_gid;
  }
  return made;
}

int Open(const std::filesystem::path& path, int flags) {
  const char* const name = path.empty() ? "/dev/null" : path.c_str();
  const int file = open(name, flags | O_CLOEXEC, 0644);
  if (file < 0) Throw(std::string("cannot open ") + name);
  return file;
}

[[noreturn]] void RunChild(const Command& command, const Prepared& made, const int (&files)[3]) {
  setpgid(0, 0);
  if (made.uid != 0 &&
      (setgroups(1, &made.gid) != 0 || setgid(made.gid) != 0 || setuid(made.uid) != 0)) {
    _exit(126);
  }
  // After setuid(), which clears it.
  prctl(PR_SET_PDEATHSIG, command.death_signal);
  for (int i = 0; i < 3; ++i) {
    if (dup2(files[i], i) < 0) _exit(126);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  if (!command.directory.empty() && chdir(command.directory.c_str()) != 0) _exit(126);
  execve(made.path.c_str(), made.argv.data(), made.env.data());
  _exit(127);
}

}  // namespace

Process::Process(const Command& command) {
  const Prepared made = Prepare(command);
  const bool joined = command.stderr_file.empty();
  const int in = Open(command.stdin_file, O_RDONLY);
  const int out = Open(command.stdout_file, O_WRONLY | O_CREAT | O_APPEND);
  const int err = joined ? out : Open(command.stderr_file, O_WRONLY | O_CREAT | O_APPEND);
  const int files[3] = {in, out, err};
  pid_ = fork();
  if (pid_ == 0) RunChild(command, made, files);
  close(in);
  close(out);
  if (!joined) close(err);
  if (pid_ < 0) Throw("cannot fork for " + made.path);
  setpgid(pid_, pid_);
}

Process::~Process() {
  if (pid_ > 0) Kill();
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), status_(std::exchange(other.status_, std::nullopt)) {}

Process& Process::operator=(Process&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(status_, other.status_);
  return *this;
}

bool Process::Running() {
  return !Wait(std::chrono::milliseconds(0)).has_value();
}

std::optional<ExitStatus> Process::Wait(std::chrono::milliseconds at_most) {
  const auto ended = [this] {
    if (status_) return true;
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) != pid_) return false;
    status_ =
        WIFEXITED(status) ? ExitStatus{WEXITSTATUS(status), 0} : ExitStatus{-1, WTERMSIG(status)};
    return true;
  };
  Eventually(ended, at_most);
  return status_;
}

void Process::Signal(int signal) {
  if (!status_ && pid_ > 0) kill(pid_, signal);
}

void Process::Freeze() {
  Signal(SIGSTOP);
  siginfo_t stopped;
  // Threads go on for a moment until each has seen the signal.
  waitid(P_PID, static_cast<id_t>(pid_), &stopped, WSTOPPED | WEXITED | WNOWAIT);
}

ExitStatus Process::Kill() {
  // The group outlives its leader while other members run.
  kill(-pid_, SIGKILL);
  if (!status_) {
    kill(pid_, SIGKILL);
    int status = 0;
    waitpid(pid_, &status, 0);
    status_ =
        WIFEXITED(status) ? ExitStatus{WEXITSTATUS(status), 0} : ExitStatus{-1, WTERMSIG(status)};
  }
  return *status_;
}

Output RunCommand(Command command, std::string_view input, std::chrono::milliseconds at_most) {
  const TempDir directory;
  command.stdout_file = directory / "out";
  command.stderr_file = directory / "err";
  if (!input.empty()) {
    command.stdin_file = directory / "in";
    WriteFile(command.stdin_file, input);
  }
  Process process(command);
  const std::optional<ExitStatus> ended = process.Wait(at_most);
  return {ended ? *ended : process.Kill(), ReadFile(command.stdout_file),
          ReadFile(command.stderr_file)};
}

int FreePort() {
  return LoopbackListener().port();
}

}  // namespace dsw
