// SPDX-License-Identifier: Apache-2.0
#include "tests/doubles/journal.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include <nlohmann/json.hpp>

namespace dsw::doubles {
namespace {

bool HasAnswer(const Reply& reply) {
  return reply.fault != Fault::kReset && reply.fault != Fault::kHang;
}

}  // namespace

Journal::Journal(const std::filesystem::path& capture) {
  if (capture.empty()) return;
  capture_.open(capture, std::ios::app);
  if (!capture_) throw std::runtime_error("cannot write " + capture.string());
}

std::shared_ptr<void> Journal::Begin() {
  const std::lock_guard lock(mutex_);
  counters_.max_concurrency = std::max(counters_.max_concurrency, ++under_way_);
  return {this, [](void* self) {
            Journal& journal = *static_cast<Journal*>(self);
            const std::lock_guard release(journal.mutex_);
            --journal.under_way_;
          }};
}

void Journal::Add(std::string_view api, const Request& request, const Reply& reply, bool scripted) {
  const std::lock_guard lock(mutex_);
  const int status = HasAnswer(reply) ? reply.status : 0;
  entries_.push_back({request.at, request.method, request.path, request.headers,
                      request.body.size(), status, reply.items, reply.tokens});
  ++counters_.requests;
  ++counters_.by_status[status];
  counters_.items += reply.items;
  counters_.tokens += reply.tokens;
  counters_.request_bytes += request.body.size();
  counters_.response_bytes += reply.body.size();
  for (const std::uint64_t text : reply.texts) {
    if (!seen_.insert(text).second) ++counters_.duplicates;
  }
  if (capture_.is_open()) Capture(api, request, reply, scripted);
}

void Journal::Capture(std::string_view api, const Request& request, const Reply& reply,
                      bool scripted) {
  const bool whole = reply.fault == Fault::kNone;
  nlohmann::json line = {{"api", api},
                         {"method", request.method},
                         {"path", request.path},
                         {"request", request.body},
                         {"status", HasAnswer(reply) ? reply.status : 0},
                         {"response", whole ? reply.body : ""},
                         {"scripted", scripted}};
  for (const auto& [name, value] : request.headers) {
    line["headers"][name] = name == "authorization" ? "" : value;
  }
  for (const auto& [name, value] : reply.headers) line["response_headers"][name] = value;
  capture_ << line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n'
           << std::flush;
}

Counters Journal::counters() const {
  const std::lock_guard lock(mutex_);
  Counters counters = counters_;
  std::vector<Time> times;
  for (const Entry& entry : entries_) times.push_back(entry.at);
  std::sort(times.begin(), times.end());
  counters.max_per_second = MostInASecond(times);
  return counters;
}

std::vector<Entry> Journal::entries() const {
  const std::lock_guard lock(mutex_);
  return entries_;
}

std::size_t MostInASecond(const std::vector<Time>& times) {
  std::size_t most = 0;
  std::size_t first = 0;
  for (std::size_t last = 0; last < times.size(); ++last) {
    while (times[last] - times[first] >= std::chrono::seconds(1)) ++first;
    most = std::max(most, last - first + 1);
  }
  return most;
}

std::string ToJson(const Counters& counters) {
  nlohmann::ordered_json by_status = nlohmann::ordered_json::object();
  for (const auto& [status, count] : counters.by_status) by_status[std::to_string(status)] = count;
  return nlohmann::ordered_json{{"requests", counters.requests},
                                {"by_status", std::move(by_status)},
                                {"items", counters.items},
                                {"tokens", counters.tokens},
                                {"request_bytes", counters.request_bytes},
                                {"response_bytes", counters.response_bytes},
                                {"duplicates", counters.duplicates},
                                {"max_per_second", counters.max_per_second},
                                {"max_concurrency", counters.max_concurrency}}
      .dump();
}

}  // namespace dsw::doubles
