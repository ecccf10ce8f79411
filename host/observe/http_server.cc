// SPDX-License-Identifier: Apache-2.0
#include "host/observe/http_server.h"

#include <cerrno>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <stop_token>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <httplib.h>
#include <nlohmann/json.hpp>

#include "host/base/log.h"
#include "host/base/secret.h"

namespace dsw {
namespace {

using Json = nlohmann::ordered_json;

// Each holds one connection until it is answered; a client that says nothing holds one for a while.
constexpr int kThreads = 4;
constexpr time_t kIdleSeconds = 2;
// Plugins that hang are given up one after the other.
constexpr time_t kActionSeconds = 300;
constexpr const char* kJson = "application/json";
constexpr const char* kPrometheusText = "text/plain; version=0.0.4; charset=utf-8";

void Answer(httplib::Response& response, const Json& body) {
  response.set_content(body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n", kJson);
}

Json ReportJson(const ReadinessReport& report) {
  Json checks = Json::array();
  for (const ReadinessReport::Finding& finding : report.findings) {
    Json check = {{"name", finding.name}, {"status", finding.status ? "ok" : "failed"}};
    if (!finding.status) {
      check["code"] = CodeName(finding.status.error().code);
      check["error"] = Redact(finding.status.error().message);
    }
    checks.push_back(std::move(check));
  }
  return {{"status", report.ready ? "ready" : "not ready"}, {"checks", std::move(checks)}};
}

bool IsOfThisMachine(const std::string& peer, const std::string& own) {
  return peer == "::1" || peer.starts_with("127.") || peer.starts_with("::ffff:127.") ||
         peer == own;
}

/// The threads that answer. The library's own pool ends the process when the system refuses it a
/// thread.
class AnswerThreads final : public httplib::TaskQueue {
 public:
  /// Throws std::system_error.
  explicit AnswerThreads(int count) {
    for (int i = 0; i < count; ++i) {
      threads_.emplace_back([this](const std::stop_token& stop) { Work(stop); });
    }
  }

  // Older versions of the library expect nothing back.
  using Enqueued = decltype(std::declval<httplib::TaskQueue&>().enqueue({}));
  Enqueued enqueue(std::function<void()> task) override {
    {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    added_.notify_one();
    return static_cast<Enqueued>(true);
  }
  void shutdown() override { threads_.clear(); }

 private:
  void Work(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (added_.wait(lock, stop, [this] { return !tasks_.empty(); })) {
      const std::function<void()> task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      try {
        task();
      } catch (const std::exception& exception) {
        Log(LogLevel::kWarn, "observe", "a request was not answered",
            {{"error", exception.what()}});
      }
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable_any added_;
  std::deque<std::function<void()>> tasks_;  // Guarded by mutex_.
  std::vector<std::jthread> threads_;
};

}  // namespace

struct HttpServer::Impl {
  Impl(const Metrics& for_metrics, std::function<ReadinessReport()> for_readiness,
       HttpServerOptions with)
      : metrics(for_metrics), readiness(std::move(for_readiness)), options(std::move(with)) {}
  void Route();
  void Add(const HttpAction& action);
  /// Throws std::system_error.
  void StartThreads();

  const Metrics& metrics;
  const std::function<ReadinessReport()> readiness;
  const HttpServerOptions options;
  std::mutex acting;  ///< Held by the one action that runs: threads are left for the others.
  httplib::Server server;
  int port = 0;
  std::unique_ptr<AnswerThreads> answering;  ///< The server's from when it listens.
  std::jthread listening;
};

void HttpServer::Impl::Route() {
  const auto alive = [](const httplib::Request&, httplib::Response& response) {
    Answer(response, {{"status", "ok"}});
  };
  server.Get("/livez", alive);
  server.Get("/healthz", alive);
  server.Get("/readyz", [this](const httplib::Request&, httplib::Response& response) {
    const ReadinessReport report = readiness();
    response.status = report.ready ? 200 : 503;
    Answer(response, ReportJson(report));
  });
  server.Get("/metrics", [this](const httplib::Request&, httplib::Response& response) {
    response.set_content(metrics.Render(), kPrometheusText);
  });
  server.set_error_handler([](const httplib::Request&, httplib::Response& response) {
    if (response.status == 503 || !response.body.empty()) return;
    Answer(response, {{"error", response.status == 404 ? "no such page" : "cannot be answered"},
                      {"paths", {"/livez", "/healthz", "/readyz", "/metrics"}}});
  });
}

void HttpServer::Impl::Add(const HttpAction& action) {
  const auto answer = [this, run = action.run](const httplib::Request& request,
                                               httplib::Response& response) {
    if (!IsOfThisMachine(request.remote_addr, options.address)) {
      response.status = 403;
      return Answer(response, {{"error", "answered to this machine alone"}});
    }
    const std::unique_lock turn(acting, std::try_to_lock);
    if (!turn.owns_lock()) {
      response.status = 409;
      return Answer(response, {{"error", "another command is under way"}});
    }
    const Result<std::string> done = run(request.body);
    if (done) return response.set_content(*done + "\n", kJson);
    response.status = 404;
    Answer(response, {{"error", Redact(done.error().message)}});
  };
  if (action.changes) {
    server.Post(action.path, answer);
  } else {
    server.Get(action.path, answer);
  }
}

void HttpServer::Impl::StartThreads() {
  answering = std::make_unique<AnswerThreads>(kThreads);
  server.new_task_queue = [this] { return answering.release(); };
  listening = std::jthread([this] { server.listen_after_bind(); });
  // Before it listens, the library takes no notice of being stopped.
  while (!server.is_running()) std::this_thread::yield();
}

Result<std::string> AskServer(const HttpServerOptions& options, const HttpQuestion& question) {
  const bool any = options.address == "0.0.0.0" || options.address == "::";
  const std::string address = any ? "127.0.0.1" : options.address;
  httplib::Client client(address, options.port);
  client.set_read_timeout(kActionSeconds);
  const httplib::Result answer = question.changes
                                     ? client.Post(question.path, question.argument, "text/plain")
                                     : client.Get(question.path);
  if (!answer) {
    return Fail(Code::kUnavailable, fmt::format("{}:{}: {}", address, options.port,
                                                httplib::to_string(answer.error())));
  }
  if (answer->status == 200) return answer->body;
  const Json body = Json::parse(answer->body, nullptr, false);
  return Fail(Code::kNotFound, body.is_object() && body.contains("error")
                                   ? body["error"].get<std::string>()
                                   : fmt::format("answered {}", answer->status));
}

Result<std::unique_ptr<HttpServer>> HttpServer::Start(const HttpServerOptions& options,
                                                      const Metrics& metrics,
                                                      std::function<ReadinessReport()> readiness,
                                                      std::vector<HttpAction> actions) {
  auto impl = std::make_unique<Impl>(metrics, std::move(readiness), options);
  httplib::Server& server = impl->server;
  impl->Route();
  for (const HttpAction& action : actions) impl->Add(action);
  server.set_read_timeout(kIdleSeconds);
  server.set_write_timeout(kIdleSeconds);
  server.set_keep_alive_timeout(kIdleSeconds);
  server.set_keep_alive_max_count(1);
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
  try {
    impl->StartThreads();
  } catch (const std::system_error& error) {
    return Fail(Code::kUnavailable,
                fmt::format("cannot start a thread to serve metrics: {}", error.code().message()));
  }
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
