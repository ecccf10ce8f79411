// SPDX-License-Identifier: Apache-2.0
//
// The process's connection to NATS. It reconnects by itself, for as long as it takes.
#pragma once

#include <future>
#include <memory>
#include <stop_token>
#include <string>

#include "host/base/result.h"
#include "host/nats/handles.h"

namespace dsw {

struct NatsConnectionOptions {
  std::string url;    ///< Servers, separated by commas; a URL may hold user:password or a token.
  std::string creds;  ///< Credentials file, or empty.
  std::string name;   ///< How the server lists this connection.
};

/// Everything made from a connection must be destroyed before it. Thread-safe.
class NatsConnection {
 public:
  /// Connects within a few seconds. kUnavailable names the servers, without what logs in;
  /// kUnauthenticated when they refuse the credentials.
  static Result<std::unique_ptr<NatsConnection>> Open(const NatsConnectionOptions& options);
  NatsConnection(const NatsConnection&) = delete;
  NatsConnection& operator=(const NatsConnection&) = delete;
  /// Sends what is still buffered, for two seconds at most, and closes.
  ~NatsConnection();

  natsConnection* handle() const { return connection_.get(); }
  jsCtx* jetstream() const { return jetstream_.get(); }

  bool connected() const;
  /// Success while connected.
  Status Health() const;

 private:
  explicit NatsConnection(std::string servers) : servers_(std::move(servers)) {}
  static void OnDisconnected(natsConnection* connection, void* self);
  static void OnReconnected(natsConnection* connection, void* self);
  static void OnClosed(natsConnection* connection, void* self);
  static void OnError(natsConnection* connection, natsSubscription* subscription, natsStatus status,
                      void* self);

  const std::string servers_;  ///< For messages.
  std::promise<void> closed_;  ///< Set by the last callback; they use this object until then.
  NatsConnectionHandle connection_;
  JsContextHandle jetstream_;
};

}  // namespace dsw
