// SPDX-License-Identifier: Apache-2.0
//
// What orchestrators and Prometheus ask the worker:
//   /livez, /healthz  200 while the process runs, draining or not
//   /readyz           200 while all that the worker needs works, else 503; JSON that names each
//   part
//   /metrics          Prometheus' text format
// and what commands of the same machine have it do.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/result.h"
#include "host/observe/metrics.h"
#include "host/observe/readiness.h"

namespace dsw {

struct HttpServerOptions {
  std::string address = "0.0.0.0";
  int port = 9090;  ///< 0: any free one.
};

/// A page for commands: answered to this machine alone.
struct HttpAction {
  std::string path;
  bool changes = false;  ///< POST, and not GET.
  /// From the request's body to the answer's, which is JSON. May take its time.
  std::function<Result<std::string>(const std::string& argument)> run{};
};

struct HttpQuestion {
  std::string path;
  bool changes = false;
  std::string argument{};
};
/// The answer of a server that listens so, here. kUnavailable when there is none; its own error
/// else.
Result<std::string> AskServer(const HttpServerOptions& options, const HttpQuestion& question);

/// Serves until it is destroyed, on threads of its own. Thread-safe.
class HttpServer {
 public:
  /// `metrics`, and what `readiness` looks at, outlive the server. `readiness` answers from memory:
  /// nothing that hangs may hang an answer; nor may many `actions` at a time. kInvalid, naming
  /// address and port, when it cannot listen there.
  static Result<std::unique_ptr<HttpServer>> Start(const HttpServerOptions& options,
                                                   const Metrics& metrics,
                                                   std::function<ReadinessReport()> readiness,
                                                   std::vector<HttpAction> actions = {});
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
