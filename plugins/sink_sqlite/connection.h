// SPDX-License-Identifier: Apache-2.0
//
// A connection to the database file, and its statements.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <sqlite3.h>
#include <sys/stat.h>

#include <dsw/plugin.hpp>

namespace dsw::sqlite {

class Statement;

/// Errors are dsw::Failure, and name the file: DSW_E_UNAVAILABLE for what is wrong with it, and not
/// with what is asked of it (locked, disk full, cannot be opened, damaged, no database). Belongs to
/// one thread at a time.
class Connection {
 public:
  /// Opens the file, or makes it. Commits are on disk when they return.
  explicit Connection(const std::string& path);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Waits for locks of other processes are cut short when `call` is cancelled or past its
  /// deadline. Both live until the next UseCall or the end of this connection's use.
  void UseCall(const dsw_host& host, const dsw_call& call);

  void Execute(const std::string& sql);
  Statement Prepare(const std::string& sql);
  /// Runs `work` in a write transaction; rolls back when it throws.
  void Transaction(const std::function<void()>& work);
  /// False once the path names another file than the one that was opened, or none.
  bool IsCurrent() const;
  bool ReadOnly() const { return sqlite3_db_readonly(handle_.get(), "main") == 1; }

  /// Throws for a result code that is not success.
  void Check(int code) const;

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  static int OnBusy(void* self, int count);

  const std::string path_;
  struct stat opened_ {};
  std::unique_ptr<sqlite3, Close> handle_;
  const dsw_host* host_ = nullptr;
  const dsw_call* call_ = nullptr;
};

/// A prepared statement; parameters count from 1, columns from 0. Belongs to one thread at a time.
class Statement {
 public:
  Statement(const Connection& connection, sqlite3_stmt* handle)
      : connection_(connection), handle_(handle) {}

  /// Bound text and blobs are borrowed until the next Reset.
  void BindText(int parameter, std::string_view text);
  void BindBlob(int parameter, const void* data, std::size_t size);
  void BindInt(int parameter, std::int64_t value);
  /// True while there is a row.
  bool Step();
  void Reset() { sqlite3_reset(handle_.get()); }

  /// Views live until the next Step or Reset.
  std::string_view Text(int column) const;
  std::string_view Blob(int column) const;
  std::int64_t Int(int column) const { return sqlite3_column_int64(handle_.get(), column); }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* handle) const { sqlite3_finalize(handle); }
  };
  const Connection& connection_;
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

}  // namespace dsw::sqlite
