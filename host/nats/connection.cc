// SPDX-License-Identifier: Apache-2.0
#include "host/nats/connection.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <random>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <netdb.h>

#include "host/base/clock.h"
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
// A server that does not read must not hold up whoever publishes.
constexpr std::int64_t kWriteDeadlineMs = 5000;
constexpr std::int64_t kPingIntervalMs = 10000;
constexpr int kMaxPingsOut = 2;
constexpr int kUnlimited = -1;
// Between attempts to take the place of a connection that the library gave up: the server may be
// about to refuse the next one, too.
constexpr int kReplaceWaitMs = 1000;
constexpr int kReplaceJitterMs = 1000;
constexpr std::chrono::seconds kLastCallbackWait{2};

/// `part` is the end of a URL whose password holds the comma after `before`.
bool Continues(const std::string& before, const std::string& part) {
  const auto has = [](const std::string& text, const char* what) {
    return text.find(what) != std::string::npos;
  };
  return has(before, "://") && !has(before, "@") && !has(part, "://") && has(part, "@");
}

std::vector<std::string> SplitUrls(std::string_view urls) {
  std::vector<std::string> parts;
  while (!urls.empty()) {
    const std::size_t end = std::min(urls.find(','), urls.size());
    std::string part(urls.substr(0, end));
    part.erase(std::remove(part.begin(), part.end(), ' '), part.end());
    if (!parts.empty() && Continues(parts.back(), part)) {
      parts.back() += "," + part;
    } else if (!part.empty()) {
      parts.push_back(std::move(part));
    }
    urls.remove_prefix(std::min(end + 1, urls.size()));
  }
  return parts;
}

/// "host:4222" of a URL.
std::string_view ServerOf(std::string_view url) {
  if (const std::size_t at = url.rfind('@'); at != std::string_view::npos) url = url.substr(at + 1);
  if (const std::size_t scheme = url.find("://"); scheme != std::string_view::npos) {
    url = url.substr(scheme + 3);
  }
  return url;
}

/// The servers of `urls` without user, password or token.
std::string ServerNames(const std::vector<std::string>& urls) {
  std::vector<std::string_view> names;
  for (const std::string_view url : urls) names.push_back(ServerOf(url));
  return fmt::format("{}", fmt::join(names, ", "));
}

/// Tells a host that is not known from one that does not answer: the library does not.
std::string WhyNoServer(const std::vector<std::string>& urls) {
  std::vector<std::string> unknown;
  for (const std::string_view url : urls) {
    const std::string_view server = ServerOf(url);
    const bool bracketed = server.starts_with("[");
    const std::size_t end = bracketed ? server.find(']') : server.find_first_of(":/");
    const std::string host(server.substr(bracketed ? 1 : 0, bracketed ? end - 1 : end));
    addrinfo* found = nullptr;
    const int failed = getaddrinfo(host.c_str(), nullptr, nullptr, &found);
    if (found != nullptr) freeaddrinfo(found);
    if (failed != 0) unknown.push_back(fmt::format("{}: {}", host, gai_strerror(failed)));
  }
  return unknown.empty() ? "nobody answers there; NATS_URL says where"
                         : fmt::format("{} (NATS_URL)", fmt::join(unknown, "; "));
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

/// What the library's callbacks need. It stays until the last of them has run.
struct NatsConnection::Events {
  using Closure = std::shared_ptr<Events>;  ///< One for each link, freed by OnClosed.
  static Events& Of(void* closure) { return **static_cast<Closure*>(closure); }

  explicit Events(std::string names) : servers(std::move(names)) {}

  const std::string servers;  ///< For messages.
  std::mutex mutex;
  std::condition_variable_any changed;
  // Guarded by mutex.
  int open = 0;        ///< Links that are not closed.
  bool lost = false;   ///< A link was closed since the keeper last looked.
  std::string reason;  ///< Why, or why there is no other yet.
};

NatsConnection::NatsConnection(const NatsConnectionOptions& options)
    : options_(options),
      urls_(SplitUrls(options.url)),
      events_(std::make_shared<Events>(ServerNames(urls_))) {
  RememberCredentials(urls_);
}

Result<std::unique_ptr<NatsConnection>> NatsConnection::Open(const NatsConnectionOptions& options) {
  std::unique_ptr<NatsConnection> self(new NatsConnection(options));
  ASSIGN_OR_RETURN(std::unique_ptr<Link> link, self->Connect());
  self->current_ = link.get();
  self->links_.push_back(std::move(link));
  self->keeper_ =
      std::jthread([raw = self.get()](const std::stop_token& stop) { raw->Keep(stop); });
  Log(LogLevel::kInfo, "nats", "connected", {{"servers", self->events_->servers}});
  return self;
}

Result<std::unique_ptr<NatsConnection::Link>> NatsConnection::Connect() const {
  std::vector<const char*> servers;
  for (const std::string& url : urls_) servers.push_back(url.c_str());
  auto closure = std::make_unique<Events::Closure>(events_);

  NatsOptionsHandle settings;
  natsStatus status = natsOptions_Create(Out(settings));
  const auto set = [&](natsStatus next) {
    if (status == NATS_OK) status = next;
  };
  natsOptions* const raw = settings.get();
  set(natsOptions_SetServers(raw, servers.data(), static_cast<int>(servers.size())));
  set(natsOptions_SetName(raw, options_.name.c_str()));
  set(natsOptions_SetTimeout(raw, kConnectTimeoutMs));
  set(natsOptions_SetMaxReconnect(raw, kUnlimited));
  set(natsOptions_SetReconnectWait(raw, kReconnectWaitMs));
  set(natsOptions_SetReconnectJitter(raw, kReconnectJitterMs, kReconnectJitterMs));
  // What waits in a buffer when the process is stopped is told when it goes on, long out of date.
  set(natsOptions_SetSendAsap(raw, true));
  set(natsOptions_SetWriteDeadline(raw, kWriteDeadlineMs));
  set(natsOptions_SetPingInterval(raw, kPingIntervalMs));
  set(natsOptions_SetMaxPingsOut(raw, kMaxPingsOut));
  set(natsOptions_SetFailRequestsOnDisconnect(raw, true));
  set(natsOptions_SetDisconnectedCB(raw, OnDisconnected, closure.get()));
  set(natsOptions_SetReconnectedCB(raw, OnReconnected, closure.get()));
  set(natsOptions_SetClosedCB(raw, OnClosed, closure.get()));
  set(natsOptions_SetErrorHandler(raw, OnError, closure.get()));
  if (!options_.creds.empty()) {
    set(natsOptions_SetUserCredentialsFromFiles(raw, options_.creds.c_str(), nullptr));
  }
  auto link = std::make_unique<Link>();
  {
    // The library may give up a connection before it has handed it over.
    const std::lock_guard lock(events_->mutex);
    ++events_->open;
  }
  if (status == NATS_OK) status = natsConnection_Connect(Out(link->connection), raw);
  if (status != NATS_OK) {
    {
      const std::lock_guard lock(events_->mutex);
      --events_->open;
    }
    const std::string doing = fmt::format("connect to NATS at {}", events_->servers);
    if (status != NATS_NO_SERVER) return Fail(NatsError(status, doing));
    return Fail(Code::kUnavailable, fmt::format("{}: {}", doing, WhyNoServer(urls_)));
  }
  (void)closure.release();

  jsOptions jetstream{};
  jsOptions_Init(&jetstream);
  jetstream.Wait = kRequestTimeoutMs;
  status = natsConnection_JetStream(Out(link->jetstream), link->connection.get(), &jetstream);
  if (status != NATS_OK) return Fail(NatsError(status, "prepare JetStream"));
  return link;
}

void NatsConnection::Keep(const std::stop_token& stop) {
  std::minstd_rand random(std::random_device{}());
  std::uniform_int_distribution<int> jitter(0, kReplaceJitterMs);
  while (true) {
    {
      std::unique_lock lock(events_->mutex);
      if (!events_->changed.wait(lock, stop, [&] { return events_->lost; })) return;
      events_->lost = false;
      Log(LogLevel::kWarn, "nats", "the connection was closed for good; making another",
          {{"servers", events_->servers}, {"reason", events_->reason}});
    }
    while (true) {
      const std::chrono::milliseconds pause(kReplaceWaitMs + jitter(random));
      if (!SystemClock().WaitFor(pause, stop)) return;
      Result<std::unique_ptr<Link>> link = Connect();
      if (link) {
        current_ = link->get();
        links_.push_back(*std::move(link));
        Log(LogLevel::kInfo, "nats", "connected again", {{"servers", events_->servers}});
        break;
      }
      const std::lock_guard lock(events_->mutex);
      events_->reason = link.error().message;
    }
  }
}

NatsConnection::~NatsConnection() {
  if (links_.empty()) return;
  keeper_ = std::jthread();
  if (connected()) natsConnection_FlushTimeout(handle(), kFlushTimeoutMs);
  links_.clear();
  std::unique_lock lock(events_->mutex);
  events_->changed.wait_for(lock, kLastCallbackWait, [&] { return events_->open == 0; });
}

bool NatsConnection::connected() const {
  return natsConnection_Status(handle()) == NATS_CONN_STATUS_CONNECTED;
}

Status NatsConnection::Health() const {
  if (connected()) return {};
  std::string why;
  if (natsConnection_IsClosed(handle())) {
    const std::lock_guard lock(events_->mutex);
    why = ": " + events_->reason;
  }
  return Fail(Code::kUnavailable,
              fmt::format("not connected to NATS at {}{}", events_->servers, why));
}

void NatsConnection::OnDisconnected(natsConnection* connection, void* events) {
  if (natsConnection_IsClosed(connection)) return;
  Log(LogLevel::kWarn, "nats", "disconnected; reconnecting",
      {{"servers", Events::Of(events).servers}});
}

void NatsConnection::OnReconnected(natsConnection*, void* events) {
  Log(LogLevel::kInfo, "nats", "reconnected", {{"servers", Events::Of(events).servers}});
}

void NatsConnection::OnClosed(natsConnection* connection, void* events) {
  const std::unique_ptr<Events::Closure> closure(static_cast<Events::Closure*>(events));
  const char* reason = nullptr;
  const natsStatus status = natsConnection_GetLastError(connection, &reason);
  Events& self = **closure;
  {
    const std::lock_guard lock(self.mutex);
    --self.open;
    self.lost = true;
    self.reason = Redact(reason != nullptr ? reason : natsStatus_GetText(status));
  }
  self.changed.notify_all();
}

void NatsConnection::OnError(natsConnection*, natsSubscription*, natsStatus status, void*) {
  Log(LogLevel::kWarn, "nats", "asynchronous error", {{"error", natsStatus_GetText(status)}});
}

}  // namespace dsw
