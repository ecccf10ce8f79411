// SPDX-License-Identifier: Apache-2.0
//
// The process's connection to NATS. It comes back by itself, for as long as it takes.
#pragma once

#include <atomic>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "host/base/result.h"
#include "host/nats/handles.h"

namespace dsw {

struct NatsConnectionOptions {
  std::string url;    ///< Servers, separated by commas; a URL may hold user:password or a token.
  std::string creds;  ///< Credentials file, or empty.
  std::string name;   ///< How the server lists this connection.
};

/// The library reconnects after most losses. Some it takes for final, as two refusals of the
/// credentials in a row: then this makes another of its connections, until one is taken. What was
/// made from an earlier one fails from then on; whoever keeps such things compares handle(). All of
/// it must be destroyed before this object. Thread-safe.
class NatsConnection {
 public:
  /// Connects within a few seconds. kUnavailable names the servers, without what logs in;
  /// kUnauthenticated when they refuse the credentials.
  static Result<std::unique_ptr<NatsConnection>> Open(const NatsConnectionOptions& options);
  NatsConnection(const NatsConnection&) = delete;
  NatsConnection& operator=(const NatsConnection&) = delete;
  /// Sends what is still buffered, for two seconds at most, and closes. An attempt to connect that
  /// is under way ends first, within its timeout.
  ~NatsConnection();

  /// The library's connection that is in use, and its JetStream context: valid for as long as this
  /// object, even when another one has taken its place.
  natsConnection* handle() const { return current_.load()->connection.get(); }
  jsCtx* jetstream() const { return current_.load()->jetstream.get(); }

  bool connected() const;
  /// Success while connected.
  Status Health() const;

 private:
  struct Events;
  struct Link {
    NatsConnectionHandle connection;
    JsContextHandle jetstream;
  };

  explicit NatsConnection(const NatsConnectionOptions& options);
  Result<std::unique_ptr<Link>> Connect() const;
  void Keep(const std::stop_token& stop);
  static void OnDisconnected(natsConnection* connection, void* events);
  static void OnReconnected(natsConnection* connection, void* events);
  static void OnClosed(natsConnection* connection, void* events);
  static void OnError(natsConnection* connection, natsSubscription* subscription, natsStatus status,
                      void* events);

  // Constant after construction.
  const NatsConnectionOptions options_;
  const std::vector<std::string> urls_;
  const std::shared_ptr<Events> events_;

  std::vector<std::unique_ptr<Link>> links_;  ///< The last is in use. Changed by keeper_ alone.
  std::atomic<Link*> current_ = nullptr;
  std::jthread keeper_;
};

}  // namespace dsw
