// SPDX-License-Identifier: Apache-2.0
#include "host/nats/connection.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "host/base/log.h"
#include "host/base/secret.h"
#include "host/nats/errors.h"

namespace dsw {
namespace {

constexpr std::int64_t kConnectTimeoutMs = 5000;
constexpr std::int64_t kRequestTimeoutMs = 5000;
constexpr std::int64_t kFlushTimeoutMs = 2000;
// Short and with jitter: a server is back soon after a restart, and a fleet must not come at once.
constexpr std::int64_t kReconnectWaitMs = 500;
constexpr std::int64_t kReconnectJitterMs = 1000;
constexpr std::int64_t kPingIntervalMs = 20000;
constexpr int kMaxPingsOut = 2;
constexpr int kUnlimited = -1;

std::vector<std::string> SplitUrls(std::string_view urls) {
  std::vector<std::string> parts;
  while (!urls.empty()) {
    const std::size_t end = std::min(urls.find(','), urls.size());
    std::string part(urls.substr(0, end));
    part.erase(std::remove(part.begin(), part.end(), ' '), part.end());
    if (!part.empty()) parts.push_back(std::move(part));
    urls.remove_prefix(std::min(end + 1, urls.size()));
  }
  return parts;
}

/// The servers of `urls` without user, password or token.
std::string ServerNames(const std::vector<std::string>& urls) {
  std::vector<std::string_view> names;
  for (const std::string_view url : urls) {
    const std::size_t at = url.rfind('@');
    const std::size_t scheme = url.find("://");
    names.push_back(at != std::string_view::npos       ? url.substr(at + 1)
                    : scheme != std::string_view::npos ? url.substr(scheme + 3)
                                                       : url);
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

void RememberCredentials(const std::vector<std::string>& urls) {
  for (const std::string_view url : urls) {
    const std::size_t scheme = url.find("://");
    const std::size_t begin = scheme == std::string_view::npos ? 0 : scheme + 3;
    const std::size_t at = url.rfind('@');
    if (at == std::string_view::npos || at < begin) continue;
    const std::size_t colon = url.find(':', begin);
    const std::size_t secret = colon < at ? colon + 1 : begin;
    RememberSecret(url.substr(secret, at - secret));
  }
}

}  // namespace

Result<std::unique_ptr<NatsConnection>> NatsConnection::Open(const NatsConnectionOptions& options) {
  const std::vector<std::string> urls = SplitUrls(options.url);
  RememberCredentials(urls);
  std::unique_ptr<NatsConnection> self(new NatsConnection(ServerNames(urls)));
  std::vector<const char*> servers;
  for (const std::string& url : urls) servers.push_back(url.c_str());

  NatsOptionsHandle settings;
  natsStatus status = natsOptions_Create(Out(settings));
  const auto set = [&](natsStatus next) {
    if (status == NATS_OK) status = next;
  };
  natsOptions* const raw = settings.get();
  set(natsOptions_SetServers(raw, servers.data(), static_cast<int>(servers.size())));
  set(natsOptions_SetName(raw, options.name.c_str()));
  set(natsOptions_SetTimeout(raw, kConnectTimeoutMs));
  set(natsOptions_SetMaxReconnect(raw, kUnlimited));
  set(natsOptions_SetReconnectWait(raw, kReconnectWaitMs));
  set(natsOptions_SetReconnectJitter(raw, kReconnectJitterMs, kReconnectJitterMs));
  set(natsOptions_SetPingInterval(raw, kPingIntervalMs));
  set(natsOptions_SetMaxPingsOut(raw, kMaxPingsOut));
  set(natsOptions_SetFailRequestsOnDisconnect(raw, true));
  set(natsOptions_SetDisconnectedCB(raw, OnDisconnected, self.get()));
  set(natsOptions_SetReconnectedCB(raw, OnReconnected, self.get()));
  set(natsOptions_SetClosedCB(raw, OnClosed, self.get()));
  set(natsOptions_SetErrorHandler(raw, OnError, self.get()));
  if (!options.creds.empty()) {
    set(natsOptions_SetUserCredentialsFromFiles(raw, options.creds.c_str(), nullptr));
  }
  if (status == NATS_OK) status = natsConnection_Connect(Out(self->connection_), raw);
  if (status != NATS_OK) {
    return Fail(NatsError(status, fmt::format("connect to NATS at {}", self->servers_)));
  }

  jsOptions jetstream{};
  jsOptions_Init(&jetstream);
  jetstream.Wait = kRequestTimeoutMs;
  status = natsConnection_JetStream(Out(self->jetstream_), self->handle(), &jetstream);
  if (status != NATS_OK) return Fail(NatsError(status, "prepare JetStream"));
  Log(LogLevel::kInfo, "nats", "connected", {{"servers", self->servers_}});
  return self;
}

NatsConnection::~NatsConnection() {
  if (!connection_) return;
  jetstream_.reset();
  if (connected()) natsConnection_FlushTimeout(handle(), kFlushTimeoutMs);
  const std::future<void> closed = closed_.get_future();
  natsConnection_Close(handle());
  closed.wait();
}

bool NatsConnection::connected() const {
  return natsConnection_Status(handle()) == NATS_CONN_STATUS_CONNECTED;
}

Status NatsConnection::Health() const {
  if (connected()) return {};
  return Fail(Code::kUnavailable,
              fmt::format("not connected to NATS at {}{}", servers_,
                          natsConnection_IsClosed(handle()) ? "; the connection is closed" : ""));
}

void NatsConnection::OnDisconnected(natsConnection* connection, void* self) {
  if (natsConnection_IsClosed(connection)) return;
  Log(LogLevel::kWarn, "nats", "disconnected; reconnecting",
      {{"servers", static_cast<NatsConnection*>(self)->servers_}});
}

void NatsConnection::OnReconnected(natsConnection*, void* self) {
  Log(LogLevel::kInfo, "nats", "reconnected",
      {{"servers", static_cast<NatsConnection*>(self)->servers_}});
}

void NatsConnection::OnClosed(natsConnection*, void* self) {
  static_cast<NatsConnection*>(self)->closed_.set_value();
}

void NatsConnection::OnError(natsConnection*, natsSubscription*, natsStatus status, void*) {
  Log(LogLevel::kWarn, "nats", "asynchronous error", {{"error", natsStatus_GetText(status)}});
}

}  // namespace dsw
