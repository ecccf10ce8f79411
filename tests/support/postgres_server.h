// SPDX-License-Identifier: Apache-2.0
//
// A private PostgreSQL for one test program: its own cluster in a temporary directory, on a free
// port of 127.0.0.1, gone with the object.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace dsw {

/// Everybody from this machine may log in as the superuser "postgres". Throws when PostgreSQL is
/// not installed or does not come up, with its log. Belongs to one thread at a time.
class PostgresServer {
 public:
  /// Writes survive a crash of the server either way; `fsync` makes them survive one of the
  /// machine.
  explicit PostgresServer(bool fsync = false);
  ~PostgresServer();

  /// Address of a database, for libpq; "postgres" exists from the start.
  std::string Url(std::string_view database = "postgres") const;
  int port() const { return port_; }
  /// Makes an empty database, or a copy of `like` that nobody is connected to; returns its name.
  std::string CreateDatabase(std::string_view like = "template0");
  /// Runs SQL in a database; rows come back one a line, columns separated by '|'. Throws the
  /// server's words on failure.
  std::string Sql(std::string_view database, std::string_view sql) const;
  /// Ends every connection to a database as an administrator would; returns how many there were.
  int TerminateBackends(std::string_view database) const;

  /// Waits until the server accepts connections.
  void Start();
  /// Stops it in an orderly way, ending its connections.
  void Stop();
  /// kill -9 of the server, as in a crash.
  void Crash();
  /// Stops its processes where they are, connections and all, until Thaw().
  void Freeze() { SignalTree(server_->pid(), SIGSTOP); }
  void Thaw() { SignalTree(server_->pid(), SIGCONT); }

 private:
  void WaitUntilReady();

  TempDir directory_;
  int port_ = 0;
  int databases_ = 0;
  std::optional<Process> server_;
};

}  // namespace dsw
