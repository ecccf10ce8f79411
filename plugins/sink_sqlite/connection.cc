// SPDX-License-Identifier: Apache-2.0
#include "plugins/sink_sqlite/connection.h"

#include <ctime>

namespace dsw::sqlite {
namespace {

dsw_status CategoryOf(int code) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_IOERR:
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return DSW_E_UNAVAILABLE;
    case SQLITE_TOOBIG:
      return DSW_E_INVALID_REQUEST;
    case SQLITE_NOMEM:
      return DSW_E_NO_MEMORY;
    default:
      return DSW_E_INTERNAL;
  }
}

std::string_view WayOut(int code) {
  switch (code & 0xff) {
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return "; check that its directory exists and that the worker may write there";
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return "; it is damaged or no SQLite database: move it away, or name another in SQLITE_PATH";
    case SQLITE_FULL:
      return "; make room on its disk";
    default:
      return "";
  }
}

}  // namespace

Connection::Connection(const std::string& path) : path_(path) {
  sqlite3* handle = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &handle,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  handle_.reset(handle);
  Check(code);
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_handler(handle, &Connection::OnBusy, this);
  // Before WAL, and of effect in a new file alone. A point of 384 dimensions with its payload takes
  // half a page of the default size and a little more: the file would be more than twice as large.
  Execute("PRAGMA page_size = 16384");
  Execute("PRAGMA journal_mode = WAL");
  Execute("PRAGMA synchronous = FULL");
  // Ids are random, so that every batch touches the whole index: a checkpoint per 32 MB instead of
  // per 16 writes fewer pages twice.
  Execute("PRAGMA wal_autocheckpoint = 2000");
  Execute("PRAGMA cache_size = -8000");
  stat(path.c_str(), &opened_);
}

bool Connection::IsCurrent() const {
  struct stat now {};
  return stat(path_.c_str(), &now) == 0 && now.st_dev == opened_.st_dev &&
         now.st_ino == opened_.st_ino;
}

void Connection::UseCall(const dsw_host& host, const dsw_call& call) {
  host_ = &host;
  call_ = &call;
}

int Connection::OnBusy(void* self, int count) {
  constexpr int kTriesWithoutCall = 500;
  const Connection& connection = *static_cast<Connection*>(self);
  if (connection.call_ == nullptr) {
    if (count >= kTriesWithoutCall) return 0;
  } else {
    try {
      CheckCall(*connection.host_, *connection.call_);
    } catch (const Failure&) {
      return 0;
    }
  }
  const timespec pause{0, 10'000'000};
  nanosleep(&pause, nullptr);
  return 1;
}

void Connection::Execute(const std::string& sql) {
  Check(sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr));
}

Statement Connection::Prepare(const std::string& sql) {
  sqlite3_stmt* handle = nullptr;
  Check(sqlite3_prepare_v2(handle_.get(), sql.data(), static_cast<int>(sql.size()), &handle,
                           nullptr));
  return Statement(*this, handle);
}

void Connection::Transaction(const std::function<void()>& work) {
  Execute("BEGIN IMMEDIATE");
  try {
    work();
    Execute("COMMIT");
  } catch (...) {
    // Fails where SQLite has rolled back by itself.
    sqlite3_exec(handle_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    throw;
  }
}

void Connection::Check(int code) const {
  if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE) return;
  if ((code & 0xff) == SQLITE_BUSY && call_ != nullptr) CheckCall(*host_, *call_);
  std::string message = "sqlite: " + path_ + ": ";
  message += handle_ != nullptr ? sqlite3_errmsg(handle_.get()) : sqlite3_errstr(code);
  message += WayOut(code);
  throw Failure(CategoryOf(code), message);
}

void Statement::BindText(int parameter, std::string_view text) {
  connection_.Check(sqlite3_bind_text64(handle_.get(), parameter, text.empty() ? "" : text.data(),
                                        text.size(), SQLITE_STATIC, SQLITE_UTF8));
}

void Statement::BindBlob(int parameter, const void* data, std::size_t size) {
  connection_.Check(sqlite3_bind_blob64(handle_.get(), parameter, data, size, SQLITE_STATIC));
}

void Statement::BindInt(int parameter, std::int64_t value) {
  connection_.Check(sqlite3_bind_int64(handle_.get(), parameter, value));
}

bool Statement::Step() {
  const int code = sqlite3_step(handle_.get());
  connection_.Check(code);
  return code == SQLITE_ROW;
}

std::string_view Statement::Text(int column) const {
  const unsigned char* text = sqlite3_column_text(handle_.get(), column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column));
  return {reinterpret_cast<const char*>(text), size};
}

std::string_view Statement::Blob(int column) const {
  const void* data = sqlite3_column_blob(handle_.get(), column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column));
  return {static_cast<const char*>(data), size};
}

}  // namespace dsw::sqlite
