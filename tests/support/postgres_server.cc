// SPDX-License-Identifier: Apache-2.0
#include "tests/support/postgres_server.h"

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace dsw {
namespace {

namespace fs = std::filesystem;

/// Directory of the newest installed server's programs.
fs::path Programs() {
  static const fs::path found = [] {
    std::vector<std::pair<int, fs::path>> all;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", ignored)) {
      const fs::path bin = entry.path() / "bin";
      if (fs::exists(bin / "initdb")) {
        all.emplace_back(std::atoi(entry.path().filename().c_str()), bin);
      }
    }
    if (all.empty()) {
      throw std::runtime_error("PostgreSQL is not installed: apt-get install postgresql");
    }
    return std::max_element(all.begin(), all.end())->second;
  }();
  return found;
}

Command AsPostgres(std::vector<std::string> argv) {
  Command command;
  command.argv = std::move(argv);
  command.argv[0] = Programs() / command.argv[0];
  command.user = "postgres";  // The server refuses to run as root.
  command.env = {{"LC_ALL", "C.UTF-8"}};
  command.directory = "/";
  return command;
}

/// Runs a tool to its end; throws what it said on failure.
std::string MustRun(const Command& command, std::string_view input = {}) {
  Output output = RunCommand(command, input);
  if (!output.status.ok()) {
    throw std::runtime_error(command.argv[0] + " failed: " + output.err + output.out);
  }
  return std::move(output.out);
}

}  // namespace

PostgresServer::PostgresServer(bool fsync) {
  const fs::path data = directory_ / "data";
  // Its owner must be able to make files beside the data: sockets.
  fs::permissions(directory_.path(), fs::perms(0777));
  MustRun(AsPostgres({"initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
                      "--no-locale", "--no-sync", "--wal-segsize=1"}));
  const std::string settings = ReadFile(data / "postgresql.conf") +
                               "\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '" +
                               directory_.path().string() + "'\nfsync = " + (fsync ? "on" : "off") +
                               "\nshared_buffers = 32MB\nmax_connections = 100\n";
  WriteFile(data / "postgresql.conf", settings);
  Start();
}

PostgresServer::~PostgresServer() {
  if (server_) Thaw();
  // "immediate": all of its processes are gone before the directory is.
  if (server_) server_->Signal(SIGQUIT);
  if (server_) server_->Wait(std::chrono::seconds(10));
}

std::string PostgresServer::Url(std::string_view database) const {
  return "postgresql://postgres@127.0.0.1:" + std::to_string(port_) + "/" + std::string(database);
}

void PostgresServer::Start() {
  // Once it has been up its port stays, so that addresses outlive a restart. After a crash the
  // first attempts may find children of the old server that have not noticed yet.
  const bool new_port = port_ == 0;
  for (int attempts_left = 10;; --attempts_left) {
    if (new_port) port_ = FreePort();
    Command command =
        AsPostgres({"postgres", "-D", directory_ / "data", "-p", std::to_string(port_)});
    command.stdout_file = directory_ / "log";
    command.death_signal = SIGQUIT;
    server_.emplace(command);
    try {
      WaitUntilReady();
      return;
    } catch (const std::exception&) {
      server_.reset();
      if (attempts_left == 0) throw;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

void PostgresServer::WaitUntilReady() {
  const Command probe =
      AsPostgres({"pg_isready", "-q", "-h", "127.0.0.1", "-p", std::to_string(port_)});
  const bool ready =
      Eventually([&] { return !server_->Running() || RunCommand(probe).status.ok(); });
  if (!ready || !server_->Running()) {
    throw std::runtime_error("PostgreSQL did not start:\n" + ReadFile(directory_ / "log"));
  }
}

void PostgresServer::Stop() {
  server_->Signal(SIGINT);  // "fast": ends connections, then writes everything down.
  if (!server_->Wait(std::chrono::seconds(30))) server_->Kill();
}

void PostgresServer::Crash() {
  server_->Kill();
}

void PostgresServer::SignalAll(int signal) {
  // The parent first: it starts no more children then.
  server_->Signal(signal);
  const std::string pid = std::to_string(server_->pid());
  std::istringstream children(ReadFile("/proc/" + pid + "/task/" + pid + "/children"));
  for (pid_t child = 0; children >> child;) kill(child, signal);
}

void PostgresServer::Freeze() {
  SignalAll(SIGSTOP);
}

void PostgresServer::Thaw() {
  SignalAll(SIGCONT);
}

std::string PostgresServer::CreateDatabase(std::string_view like) {
  const std::string name = "test" + std::to_string(++databases_);
  Sql("postgres", "CREATE DATABASE " + name + " TEMPLATE " + std::string(like));
  return name;
}

std::string PostgresServer::Sql(std::string_view database, std::string_view sql) const {
  const Command psql = AsPostgres(
      {"psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", Url(database), "-f", "-"});
  std::string rows = MustRun(psql, sql);
  if (!rows.empty() && rows.back() == '\n') rows.pop_back();
  return rows;
}

int PostgresServer::TerminateBackends(std::string_view database) const {
  return std::stoi(Sql("postgres",
                       "SELECT count(*) FROM (SELECT pg_terminate_backend(pid) "
                       "FROM pg_stat_activity WHERE datname = '" +
                           std::string(database) + "') AS ended"));
}

}  // namespace dsw
