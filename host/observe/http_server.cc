// SPDX-License-Identifier: Apache-2.0
#include "host/observe/http_server.h"

#include <cerrno>
#include <system_error>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <httplib.h>
#include <nlohmann/json.hpp>

#include "host/base/secret.h"

namespace dsw {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kThreads = 2;
constexpr time_t kIdleSeconds = 5;
constexpr const char* kJson = "application/json";
constexpr const char* kPrometheusText = "text/plain; version=0.0.4; charset=utf-8";

void Answer(httplib::Response& response, const Json& body) {
  response.set_content(body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n", kJson);
}

Json ReportJson(const Readiness::Report& report) {
  Json checks = Json::array();
  for (const Readiness::Finding& finding : report.findings) {
    Json check = {{"name", finding.name}, {"status", finding.status ? "ok" : "failed"}};
    if (!finding.status) {
      check["code"] = CodeName(finding.status.error().code);
      check["error"] = Redact(finding.status.error().message);
    }
    checks.push_back(std::move(check));
  }
  return {{"status", report.ready ? "ready" : "not ready"}, {"checks", std::move(checks)}};
}

}  // namespace

struct HttpServer::Impl {
  Impl(Metrics& for_metrics, std::vector<ReadinessCheck> checks)
      : metrics(for_metrics), readiness(std::move(checks), clock) {}
  void Route();
  Readiness::Report Check();

  Metrics& metrics;
  const SystemClock clock;
  Readiness readiness;
  httplib::Server server;
  int port = 0;
  std::jthread listening;
};

Readiness::Report HttpServer::Impl::Check() {
  Readiness::Report report = readiness.Check();
  metrics.SetReady(report.ready);
  return report;
}

void HttpServer::Impl::Route() {
  const auto alive = [](const httplib::Request&, httplib::Response& response) {
    Answer(response, {{"status", "ok"}});
  };
  server.Get("/livez", alive);
  server.Get("/healthz", alive);
  server.Get("/readyz", [this](const httplib::Request&, httplib::Response& response) {
    const Readiness::Report report = Check();
    response.status = report.ready ? 200 : 503;
    Answer(response, ReportJson(report));
  });
  server.Get("/metrics", [this](const httplib::Request&, httplib::Response& response) {
    Check();
    response.set_content(metrics.Render(), kPrometheusText);
  });
  server.set_error_handler([](const httplib::Request&, httplib::Response& response) {
    if (response.status == 503) return;
    Answer(response, {{"error", response.status == 404 ? "no such page" : "cannot be answered"},
                      {"paths", {"/livez", "/healthz", "/readyz", "/metrics"}}});
  });
}

Result<std::unique_ptr<HttpServer>> HttpServer::Start(const HttpServerOptions& options,
                                                      Metrics& metrics,
                                                      std::vector<ReadinessCheck> checks) {
  auto impl = std::make_unique<Impl>(metrics, std::move(checks));
  httplib::Server& server = impl->server;
  impl->Route();
  server.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  server.set_read_timeout(kIdleSeconds);
  server.set_write_timeout(kIdleSeconds);
  server.set_keep_alive_timeout(kIdleSeconds);
  // The library's default, SO_REUSEPORT, lets two workers take the same port without a word.
  server.set_socket_options([](auto socket) {
    const int yes = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  });

  errno = 0;
  if (options.port == 0) {
    impl->port = server.bind_to_any_port(options.address);
  } else if (server.bind_to_port(options.address, options.port)) {
    impl->port = options.port;
  }
  if (impl->port <= 0) {
    const int reason = errno;
    return Fail(Code::kInvalid,
                fmt::format("cannot listen on {}:{}: {}; set METRICS_ADDRESS and METRICS_PORT to "
                            "others (port 0: any free one)",
                            options.address, options.port,
                            reason != 0 ? std::generic_category().message(reason)
                                        : "not an address of this machine"));
  }
  impl->listening = std::jthread([&server] { server.listen_after_bind(); });
  // Before it listens, the library takes no notice of being stopped.
  while (!server.is_running()) std::this_thread::yield();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() {
  impl_->server.stop();
}

int HttpServer::port() const {
  return impl_->port;
}

}  // namespace dsw
