// SPDX-License-Identifier: Apache-2.0
//
// A private nats-server with JetStream for one test program: its store in a temporary directory, on
// a free port of 127.0.0.1, gone with the object.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace dsw {

/// Throws when nats-server is not installed or does not come up, with its log. Belongs to one
/// thread at a time.
class NatsServer {
 public:
  /// `config` is added to the server's configuration file, as "max_payload: 1024".
  explicit NatsServer(std::string_view config = {});

  std::string Url() const;
  int port() const { return port_; }

  /// Waits until the server accepts connections and JetStream requests, on the port it had before.
  void Start();
  /// Stops it in an orderly way.
  void Stop();
  /// Configuration instead of the earlier, from the next start on.
  void SetConfig(std::string_view config) { config_ = config; }
  /// Throws away what a server that was stopped has stored.
  void LoseStore() { std::filesystem::remove_all(store()); }
  /// kill -9 of the server, as in a crash.
  void Crash();
  /// Stops its process where it is, connections and all, until Thaw().
  void Freeze() { server_->Freeze(); }
  void Thaw() { server_->Signal(SIGCONT); }

  /// What JetStream keeps; may be copied, put back and removed while the server is stopped.
  std::filesystem::path store() const { return directory_ / "store"; }

 private:
  void WaitUntilReady();

  TempDir directory_;
  std::string config_;
  int port_ = -1;  ///< The server chooses one at its first start.
  std::optional<Process> server_;
};

}  // namespace dsw
