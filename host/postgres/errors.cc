// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/errors.h"

#include <string>

#include <fmt/format.h>

#include "host/base/secret.h"

#include <pqxx/pqxx>

namespace dsw {
namespace {

/// The first line says what happened; the following ones repeat statements and data.
std::string_view FirstLine(std::string_view text) {
  text = text.substr(0, text.find('\n'));
  for (const std::string_view prefix : {"ERROR:", "FATAL:"}) {
    if (text.substr(0, prefix.size()) == prefix) text.remove_prefix(prefix.size());
  }
  const std::size_t start = text.find_first_not_of(' ');
  return start == std::string_view::npos ? std::string_view() : text.substr(start);
}

/// SQLSTATEs: https://www.postgresql.org/docs/current/errcodes-appendix.html
DatabaseFailure FromSqlState(std::string_view state, std::string_view text,
                             std::string_view where) {
  const std::string_view group = state.substr(0, 2);
  const auto failure = [&](Code code, Repeat repeat) {
    return DatabaseFailure{
        .error = {.code = code, .message = fmt::format("database {}: {}", where, text)},
        .repeat = repeat};
  };
  if (state == "42P01" || state == "42703" || state == "3F000") {
    DatabaseFailure missing = failure(Code::kUnavailable, Repeat::kNo);
    missing.error.message +=
        "; the tables are missing or of an older version: run `worker-datasets migrate`";
    return missing;
  }
  // Serialization failure, deadlock.
  if (group == "40") return failure(Code::kUnavailable, Repeat::kYes);
  // Connection exceptions; too many connections; shutting down, crashed or starting up.
  if (group == "08" || state == "53300" || state == "57P01" || state == "57P02" ||
      state == "57P03" || state == "57P05") {
    return failure(Code::kUnavailable, Repeat::kYes);
  }
  // Read-only, as a server that has just become a standby.
  if (state == "25006") return failure(Code::kUnavailable, Repeat::kYes);
  // Idle-in-transaction timeout ends the connection.
  if (state == "25P03") return failure(Code::kUnavailable, Repeat::kYes);
  // Lock not available, out of disk or memory.
  if (state == "55P03" || group == "53") return failure(Code::kUnavailable, Repeat::kNo);
  if (state == "57014") return failure(Code::kTimeout, Repeat::kNo);
  if (state == "42501" || group == "28") return failure(Code::kUnauthenticated, Repeat::kNo);
  // Data that does not fit: out of range, malformed, too long.
  if (group == "22" || group == "54") return failure(Code::kInvalid, Repeat::kNo);
  if (group == "23") return failure(Code::kConflict, Repeat::kNo);
  return failure(Code::kInternal, Repeat::kNo);
}

}  // namespace

DatabaseFailure Translate(const std::exception& exception, std::string_view where) {
  const std::string text = Redact(FirstLine(exception.what()));
  const auto unavailable = [&](std::string_view what, Repeat repeat) {
    return DatabaseFailure{
        .error = {.code = Code::kUnavailable,
                  .message = fmt::format("database {}: {}{}", where, what, text)},
        .repeat = repeat};
  };
  if (dynamic_cast<const pqxx::in_doubt_error*>(&exception) != nullptr) {
    return unavailable("connection lost while committing, in doubt whether it is written: ",
                       Repeat::kInDoubt);
  }
  if (dynamic_cast<const pqxx::broken_connection*>(&exception) != nullptr) {
    return unavailable("", Repeat::kYes);
  }
  // Before sql_error: some versions derive it from that, without a SQLSTATE.
  if (dynamic_cast<const pqxx::transaction_rollback*>(&exception) != nullptr) {
    return unavailable("", Repeat::kYes);
  }
  if (const auto* sql = dynamic_cast<const pqxx::sql_error*>(&exception)) {
    return FromSqlState(sql->sqlstate(), text, where);
  }
  return {
      .error = {.code = Code::kInternal, .message = fmt::format("database {}: {}", where, text)},
      .repeat = Repeat::kNo};
}

}  // namespace dsw
