// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/reach.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <libpq-fe.h>
#include <netdb.h>
#include <poll.h>

#include "host/postgres/address.h"

namespace dsw {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr milliseconds kLookAtStop{100};
constexpr int kDefaultSeconds = 5;

std::vector<std::string> Split(const std::string& list) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= list.size();) {
    const std::size_t end = std::min(list.find(',', at), list.size());
    parts.push_back(list.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

/// The numeric addresses of a name; the name itself where libpq knows better.
std::vector<std::string> Resolve(const std::string& host) {
  const bool is_socket = host.empty() || host.front() == '/' || host.front() == '@';
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (is_socket || getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return {""};
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, &freeaddrinfo);
  std::vector<std::string> addresses;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    char text[NI_MAXHOST];
    if (getnameinfo(one->ai_addr, one->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) ==
        0) {
      addresses.emplace_back(text);
    }
  }
  return addresses.empty() ? std::vector<std::string>{""} : addresses;
}

/// One set of values for each address.
std::vector<ConnectionValues> Targets(const ConnectionValues& values) {
  const auto value = [&](const char* keyword) {
    const auto found = values.find(keyword);
    return found == values.end() ? std::string() : found->second;
  };
  const std::vector<std::string> hosts = Split(value("host"));
  const std::vector<std::string> numeric = Split(value("hostaddr"));
  const std::vector<std::string> ports = Split(value("port"));
  const std::size_t count = std::max(hosts.size(), numeric.size());
  const auto nth = [&](const std::vector<std::string>& list, std::size_t i) {
    if (list.size() == 1 && &list == &ports) return list.front();
    return i < list.size() ? list[i] : std::string();
  };
  std::vector<ConnectionValues> targets;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string known = nth(numeric, i);
    const std::vector<std::string> addresses =
        known.empty() ? Resolve(nth(hosts, i)) : std::vector<std::string>{known};
    for (const std::string& address : addresses) {
      ConnectionValues target = values;
      target["host"] = nth(hosts, i);
      target["hostaddr"] = address;
      target["port"] = nth(ports, i);
      targets.push_back(std::move(target));
    }
  }
  return targets;
}

/// Takes the SQLSTATE out of "…: FATAL:  28P01: password authentication failed".
std::string TakeState(std::string& message) {
  constexpr std::size_t kLength = 5;
  for (std::size_t at = message.find(":  "); at != std::string::npos;
       at = message.find(":  ", at + 1)) {
    const std::string state = message.substr(at + 3, kLength);
    const bool is_state =
        state.size() == kLength && message.compare(at + 3 + kLength, 2, ": ") == 0 &&
        std::all_of(state.begin(), state.end(),
                    [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); });
    if (!is_state) continue;
    message.erase(at + 3, kLength + 2);
    return state;
  }
  return {};
}

/// False when the time was up, or `stop` requested, before the server had said yes or no.
bool Connect(PGconn* connection, steady_clock::time_point deadline, const std::stop_token& stop) {
  PostgresPollingStatusType status = PGRES_POLLING_WRITING;
  while (status == PGRES_POLLING_WRITING || status == PGRES_POLLING_READING) {
    const bool writing = status == PGRES_POLLING_WRITING;
    pollfd ready{PQsocket(connection), static_cast<short>(writing ? POLLOUT : POLLIN), 0};
    while (poll(&ready, 1, static_cast<int>(kLookAtStop.count())) <= 0) {
      if (stop.stop_requested() || steady_clock::now() >= deadline) return false;
    }
    status = PQconnectPoll(connection);
  }
  return true;
}

}  // namespace

Reached Reach(const std::string& connection_string, const std::stop_token& stop) {
  const ConnectionValues values = ConnectionValuesOf(connection_string);
  const auto told = values.find("connect_timeout");
  const int asked = told == values.end() ? 0 : std::atoi(told->second.c_str());
  const seconds limit(asked > 0 ? asked : kDefaultSeconds);
  Reached reached;
  for (const ConnectionValues& target : Targets(values)) {
    if (stop.stop_requested()) break;
    const std::string one = ConnectionString(target);
    const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectStart(one.c_str()),
                                                                  &PQfinish);
    if (connection == nullptr) continue;
    PQsetErrorVerbosity(connection.get(), PQERRORS_VERBOSE);
    const bool begun = PQstatus(connection.get()) != CONNECTION_BAD;
    if (begun && !Connect(connection.get(), steady_clock::now() + limit, stop)) {
      reached.error = fmt::format("connecting to {} port {}: no answer for {} s", target.at("host"),
                                  target.at("port"), limit.count());
      continue;
    }
    if (PQstatus(connection.get()) == CONNECTION_OK) {
      reached.connection_string = one;
      return reached;
    }
    reached.error = PQerrorMessage(connection.get());
    reached.state = TakeState(reached.error);
  }
  return reached;
}

}  // namespace dsw
