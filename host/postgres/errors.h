// SPDX-License-Identifier: Apache-2.0
//
// From exceptions of libpqxx to errors that say what can be done.
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "host/base/result.h"

namespace dsw {

/// Whether doing the same again may help.
enum class Repeat {
  kNo,
  kYes,      ///< Nothing was written; the same may succeed in a moment.
  kInDoubt,  ///< The connection went away during the commit: written or not, nobody knows.
};

/// `error` has Origin::kDatabase, and `repeat` = false where somebody has to do something first.
struct DatabaseFailure {
  Error error;
  Repeat repeat = Repeat::kNo;
};

/// A failure on its way through code that throws; Translate() gives it back as it is.
class DatabaseException : public std::exception {
 public:
  explicit DatabaseException(DatabaseFailure failure) : failure_(std::move(failure)) {}
  const DatabaseFailure& failure() const { return failure_; }
  const char* what() const noexcept override { return failure_.error.message.c_str(); }

 private:
  DatabaseFailure failure_;
};

/// Says which database it is about. `where` as for Translate().
Error DatabaseError(Code code, std::string_view where, std::string_view what);

/// What an exception means. `where` names the server and the database, without credentials.
/// kInvalid, kConflict and kTooLarge are for data that does not fit; whatever is wrong with the
/// database itself is kUnavailable, kTimeout or kUnauthenticated.
DatabaseFailure Translate(const std::exception& exception, std::string_view where);

}  // namespace dsw
