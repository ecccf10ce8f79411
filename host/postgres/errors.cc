// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/errors.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <system_error>

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

/// What becomes of the SQLSTATEs that begin with `state`.
struct Row {
  std::string_view state;
  Code code;
  Repeat repeat;
  std::string_view way_out;  ///< Without it, waiting may help.
};

constexpr std::string_view kMigrate =
    "the tables are missing or of an older version: run `worker-datasets migrate`";
constexpr std::string_view kLogin = "check the user, the password and the host in DATABASE_URL";
constexpr std::string_view kReadOnly =
    "the worker has to write: DATABASE_URL must name the primary, and "
    "default_transaction_read_only be off";
constexpr std::string_view kGrant =
    "grant it to the worker's role, or run the worker as the role that ran `worker-datasets "
    "migrate`";

/// https://www.postgresql.org/docs/current/errcodes-appendix.html; the first that fits counts.
constexpr Row kRows[] = {
    {"08", Code::kUnavailable, Repeat::kYes, ""},  // Connection exceptions.
    {"22", Code::kInvalid, Repeat::kNo, ""},       // Data: out of range, malformed.
    {"23", Code::kConflict, Repeat::kNo, ""},      // Constraints.
    {"25006", Code::kUnavailable, Repeat::kYes, kReadOnly},
    {"25P03", Code::kUnavailable, Repeat::kYes, ""},      // Idle in a transaction for too long.
    {"25P04", Code::kUnavailable, Repeat::kYes, ""},      // In a transaction for too long.
    {"28", Code::kUnauthenticated, Repeat::kNo, kLogin},  // Password, pg_hba.conf, unknown role.
    {"3D000", Code::kUnavailable, Repeat::kNo,
     "create it and run `worker-datasets migrate`, or correct the name in DATABASE_URL"},
    {"3F000", Code::kUnavailable, Repeat::kNo, kMigrate},  // No such schema,
    {"40", Code::kUnavailable, Repeat::kYes, ""},          // Serialization failure, deadlock.
    {"42501", Code::kUnauthenticated, Repeat::kNo, kGrant},
    {"42703", Code::kUnavailable, Repeat::kNo, kMigrate},  // column,
    {"42704", Code::kUnavailable, Repeat::kNo, kMigrate},  // type,
    {"42804", Code::kUnavailable, Repeat::kNo, kMigrate},  // column of that type,
    {"42883", Code::kUnavailable, Repeat::kNo, kMigrate},  // function,
    {"42P01", Code::kUnavailable, Repeat::kNo, kMigrate},  // table,
    {"42P10", Code::kUnavailable, Repeat::kNo, kMigrate},  // unique key.
    {"53100", Code::kUnavailable, Repeat::kNo, "make room on the server's disk"},
    {"53300", Code::kUnavailable, Repeat::kYes, ""},  // Too many connections.
    {"53", Code::kUnavailable, Repeat::kNo, ""},      // Out of memory and the like.
    {"54", Code::kInvalid, Repeat::kNo, ""},          // Larger than PostgreSQL can have it.
    {"55P03", Code::kUnavailable, Repeat::kNo, ""},   // Lock not available.
    {"57014", Code::kTimeout, Repeat::kNo, ""},       // statement_timeout.
    {"57P04", Code::kUnavailable, Repeat::kNo, "the database was dropped"},
    {"57P", Code::kUnavailable, Repeat::kYes, ""},  // Shutting down, crashed, starting up.
    {"58", Code::kUnavailable, Repeat::kNo, ""},    // The server's own input and output.
    {"F0", Code::kUnavailable, Repeat::kNo, ""},    // Its configuration files.
    {"HV", Code::kUnavailable, Repeat::kNo, ""},    // Tables that are on other servers.
};

DatabaseFailure FromSqlState(std::string_view state, std::string_view text,
                             std::string_view where) {
  const auto* const row = std::find_if(std::begin(kRows), std::end(kRows), [&](const Row& one) {
    return state.starts_with(one.state);
  });
  const bool known = row != std::end(kRows);
  DatabaseFailure failure{.error = DatabaseError(known ? row->code : Code::kInternal, where, text),
                          .repeat = known ? row->repeat : Repeat::kNo};
  if (known && !row->way_out.empty()) {
    failure.error.message += fmt::format("; {}", row->way_out);
    if (row->repeat == Repeat::kNo) failure.error.repeat = false;
  }
  return failure;
}

template <class Kind>
bool Is(const pqxx::sql_error& error) {
  return dynamic_cast<const Kind*>(&error) != nullptr;
}

/// Some versions hand the SQLSTATE on with all of their exceptions but a few: there the class
/// tells.
std::string_view StateOf(const pqxx::sql_error& error) {
  if (!error.sqlstate().empty()) return error.sqlstate();
  if (Is<pqxx::insufficient_privilege>(error)) return "42501";
  if (Is<pqxx::undefined_column>(error)) return "42703";
  if (Is<pqxx::undefined_function>(error)) return "42883";
  if (Is<pqxx::undefined_table>(error)) return "42P01";
  if (Is<pqxx::disk_full>(error)) return "53100";
  if (Is<pqxx::insufficient_resources>(error)) return "53000";
  if (Is<pqxx::integrity_constraint_violation>(error)) return "23000";
  if (Is<pqxx::data_exception>(error)) return "22000";
  return "";
}

}  // namespace

Error DatabaseError(Code code, std::string_view where, std::string_view what) {
  return {.code = code,
          .message = fmt::format("database {}: {}", where, what),
          .origin = Origin::kDatabase};
}

DatabaseFailure Translate(const std::exception& exception, std::string_view where) {
  if (const auto* ours = dynamic_cast<const DatabaseException*>(&exception)) return ours->failure();
  const std::string text = Redact(FirstLine(exception.what()));
  const auto unavailable = [&](std::string_view what, Repeat repeat) {
    return DatabaseFailure{
        .error = DatabaseError(Code::kUnavailable, where, std::string(what) + text),
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
    return FromSqlState(StateOf(*sql), text, where);
  }
  // No descriptor or thread left for a connection.
  if (dynamic_cast<const std::system_error*>(&exception) != nullptr) {
    return unavailable("", Repeat::kYes);
  }
  return {.error = DatabaseError(Code::kInternal, where, text), .repeat = Repeat::kNo};
}

}  // namespace dsw
