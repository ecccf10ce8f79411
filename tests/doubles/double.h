// SPDX-License-Identifier: Apache-2.0
//
// A double of a service on a port of 127.0.0.1, with a script of what goes wrong.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/doubles/api.h"
#include "tests/doubles/exchange.h"
#include "tests/doubles/journal.h"
#include "tests/support/http_server.h"

namespace dsw::doubles {

/// What happens to some of the requests. The first rule that matches counts.
struct Rule {
  std::string method = "POST";
  std::string contains{};   ///< In the body.
  std::uint64_t first = 1;  ///< The first of the requests that match otherwise, from 1.
  std::uint64_t times = 1;  ///< How many from there on; 0: all.

  std::optional<Reply> reply{};  ///< Instead of the service's own.
  Quirk quirk = Quirk::kNone;
  Fault fault = Fault::kNone;
  bool early = false;  ///< `reply` is sent before the body is read, and the connection closed.
  std::chrono::milliseconds delay{0};
};

struct DoubleOptions {
  int port = 0;                              ///< 0: any free one.
  std::filesystem::path capture{};           ///< See Journal.
  std::filesystem::path certificate_file{};  ///< TLS when both are given.
  std::filesystem::path key_file{};
};

/// Thread-safe.
class Double {
 public:
  /// Throws for an unknown `api` and when it cannot listen.
  explicit Double(std::string_view api, Options options = {}, DoubleOptions where = {});
  ~Double() { server_.Stop(); }

  /// The base URL for clients, as "http://127.0.0.1:4711/v1".
  std::string Url() const { return server_.Url(BasePath(api_name_)); }
  std::string Origin() const { return server_.Url(); }
  int port() const { return server_.port(); }

  void Add(Rule rule);
  /// The next POST gets this answer of the service; see CannedReplies.
  void FailNext(std::string_view canned);
  void QuirkNext(Quirk quirk);
  /// Every POST has it.
  void QuirkAlways(Quirk quirk);

  Counters counters() const { return journal_.counters(); }
  std::vector<Entry> entries() const { return journal_.entries(); }
  std::size_t connection_count() const { return server_.connection_count(); }

 private:
  struct ActiveRule {
    Rule rule;
    std::uint64_t matched = 0;
  };

  HttpReply Handle(const ReceivedRequest& received);
  std::optional<HttpReply> HandleEarly(const ReceivedRequest& head, std::uint64_t bytes);
  std::optional<Rule> Match(const Request& request, bool early);
  HttpReply Finish(const Request& request, Reply reply, bool scripted,
                   std::shared_ptr<void> under_way);

  const std::string api_name_;
  const std::unique_ptr<Api> api_;
  Journal journal_;
  std::mutex mutex_;
  std::vector<ActiveRule> rules_;  // Guarded by mutex_.
  RawHttpServer server_;           // Last: its threads use the rest.
};

/// Throws std::invalid_argument for a name that is none; "shuffled", "empty-data", ….
Quirk QuirkOf(std::string_view name);
Fault FaultOf(std::string_view name);

}  // namespace dsw::doubles
