// SPDX-License-Identifier: Apache-2.0
//
// What orchestrators and Prometheus ask the worker:
//   /livez, /healthz  200 while the process runs, draining or not
//   /readyz           200 while all that the worker needs works, else 503; JSON that names each
//   part /metrics          Prometheus' text format
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "host/base/result.h"
#include "host/observe/metrics.h"
#include "host/observe/readiness.h"

namespace dsw {

struct HttpServerOptions {
  std::string address = "0.0.0.0";
  int port = 9090;  ///< 0: any free one.
};

/// Serves until it is destroyed, on threads of its own. Thread-safe.
class HttpServer {
 public:
  /// `metrics`, and what `readiness` looks at, outlive the server. `readiness` answers from memory:
  /// nothing that hangs may hang an answer. kInvalid, naming address and port, when it cannot
  /// listen there.
  static Result<std::unique_ptr<HttpServer>> Start(const HttpServerOptions& options,
                                                   const Metrics& metrics,
                                                   std::function<ReadinessReport()> readiness);
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  /// Ends requests under way.
  ~HttpServer();

  int port() const;

 private:
  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace dsw
