// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/refusal.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string_view>

#include <libpq-fe.h>
#include <poll.h>

namespace dsw {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kPatience{2000};
constexpr std::size_t kStateLength = 5;

bool IsStateCharacter(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
}

/// The state at the end of a line as "connection to server … failed: FATAL:  28P01".
std::string_view StateIn(std::string_view line) {
  if (line.size() <= kStateLength || line[line.size() - kStateLength - 1] != ' ') return {};
  line.remove_prefix(line.size() - kStateLength);
  return std::all_of(line.begin(), line.end(), IsStateCharacter) ? line : std::string_view();
}

std::string LastStateIn(std::string_view lines) {
  std::string_view found;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    const std::string_view state = StateIn(lines.substr(0, end));
    if (!state.empty()) found = state;
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  return std::string(found);
}

/// True when the socket is ready before the time is up.
bool WaitFor(int socket, bool writable, steady_clock::time_point deadline) {
  pollfd ready{socket, static_cast<short>(writable ? POLLOUT : POLLIN), 0};
  const auto left =
      std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now()).count();
  return left > 0 && poll(&ready, 1, static_cast<int>(left)) == 1;
}

}  // namespace

std::string RefusalState(const std::string& connection_string) {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(
      PQconnectStart(connection_string.c_str()), &PQfinish);
  if (connection == nullptr || PQstatus(connection.get()) == CONNECTION_BAD) return {};
  PQsetErrorVerbosity(connection.get(), PQERRORS_SQLSTATE);
  const auto deadline = steady_clock::now() + kPatience;
  PostgresPollingStatusType status = PGRES_POLLING_WRITING;
  while (status == PGRES_POLLING_WRITING || status == PGRES_POLLING_READING) {
    if (!WaitFor(PQsocket(connection.get()), status == PGRES_POLLING_WRITING, deadline)) return {};
    status = PQconnectPoll(connection.get());
  }
  return status == PGRES_POLLING_FAILED ? LastStateIn(PQerrorMessage(connection.get()))
                                        : std::string();
}

}  // namespace dsw
