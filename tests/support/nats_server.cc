// SPDX-License-Identifier: Apache-2.0
#include "tests/support/nats_server.h"

#include <stdexcept>

#include <fmt/format.h>

namespace dsw {
namespace {

/// Debian installs it where only root's PATH looks.
std::string Program() {
  const std::filesystem::path installed = "/usr/sbin/nats-server";
  return std::filesystem::exists(installed) ? installed.string() : "nats-server";
}

constexpr std::chrono::seconds kStartTimeout{20};
constexpr std::chrono::seconds kStopTimeout{20};

}  // namespace

NatsServer::NatsServer(std::string_view config) : config_(config) {
  Start();
}

std::string NatsServer::Url() const {
  return fmt::format("nats://127.0.0.1:{}", port_);
}

void NatsServer::Start() {
  WriteFile(directory_ / "server.conf",
            fmt::format("listen: \"127.0.0.1:{}\"\njetstream {{ store_dir: \"{}\" }}\n{}\n", port_,
                        store().string(), config_));
  // Readiness is read from the log, and must be this start's.
  std::filesystem::remove(directory_ / "log");
  Command command;
  command.argv = {Program(), "-c", directory_ / "server.conf"};
  command.stdout_file = directory_ / "log";
  server_.emplace(command);
  WaitUntilReady();
}

void NatsServer::WaitUntilReady() {
  std::string log;
  const bool ready = Eventually(
      [&] {
        log = ReadFile(directory_ / "log");
        return log.find("Server is ready") != std::string::npos || !server_->Running();
      },
      kStartTimeout);
  constexpr std::string_view kListening = "Listening for client connections on 127.0.0.1:";
  const std::size_t at = log.find(kListening);
  if (!ready || !server_->Running() || at == std::string::npos) {
    throw std::runtime_error("nats-server did not come up:\n" + log);
  }
  port_ = std::stoi(log.substr(at + kListening.size()));
}

void NatsServer::Stop() {
  if (!server_) return;
  server_->Signal(SIGTERM);
  if (!server_->Wait(kStopTimeout)) throw std::runtime_error("nats-server did not stop");
  server_.reset();
}

void NatsServer::Crash() {
  if (!server_) return;
  server_->Kill();
  server_.reset();
}

}  // namespace dsw
